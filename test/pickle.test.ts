import { existsSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { readTorchFile } from '../lib/model/formats/torch-file.js';
import { writeZip } from '../lib/model/formats/write-zip.js';
import { random } from '../lib/random.js';
import { failsWith } from './support/errors.js';
import { suite, temporaryFolder } from './support/suite.js';
import { plain, tensorsOrRefusal } from './support/tensors.js';

const test = suite('pickle');

// Opcodes as Python writes them, apart from the writer under test.
const text = (value: string) => `X${le32(value.length)}${value}`;
const le32 = (value: number) =>
  String.fromCharCode(...[0, 8, 16, 24].map((shift) => (value >> shift) & 255));
const sizes = (...values: number[]) => `(${values.map((value) => `J${le32(value)}`).join('')}t`;
const storage = (key = text('0'), type = 'FloatStorage') =>
  `(${text('storage')}ctorch\n${type}\n${key}${text('cpu')}K\x06tQ`;
const tensor = (shape: string, strides: string, offset = 'K\0', from = storage()) =>
  `ctorch._utils\n_rebuild_tensor_v2\n(${from}${offset}${shape}${strides}\x89}tR`;
const dictionary = (value: string) => `\x80\x02}${text('w')}${value}s.`;
const archive = (pickled: string | Buffer) =>
  writeZip([
    ['archive/data.pkl', Buffer.from(pickled as string, 'latin1')],
    ['archive/data/0', new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer)],
  ]);
const good = dictionary(tensor(sizes(2, 2), sizes(1, 2), 'K\x01'));

test('a pickle by hand is read, so that those below are refused for what is wrong with them', () => {
  assert.equal(plain(readTorchFile(archive(good)).state), [['w', 'float32', [2, 2], [2, 4, 3, 5]]]);
  const prototype = readTorchFile(archive(good.replace(text('w'), text('__proto__')))).state;
  assert.equal(Object.keys(prototype), ['__proto__']);
});

test('hostile pickles are refused and nothing is executed', async () => {
  const marker = path.join(temporaryFolder(), 'executed');
  const command = text(`touch ${marker}`);
  const nan = 'G\x7f\xf8\0\0\0\0\0\0';
  const hostile: [pickled: string, reason: RegExp][] = [
    [`cos\nsystem\n(S'touch ${marker}'\ntR.`, /os\.system/],
    [`cos\nsystem\n(${command}tR.`, /os\.system/],
    [`c__builtin__\neval\n(${text('1')}tR.`, /__builtin__\.eval/],
    [`\x80\x04\x8c\x02os\x8c\x06system\x93(${command}tR.`, /os\.system/],
    [`)\x85)\x85\x93.`, /no text/],
    [`cconstructor\nconstructor\n(${command}tR.`, /constructor\.constructor/],
    [`(${command}ios\nsystem\n.`, /opcode 0x69/],
    [`}}\x81.`, /opcode 0x81/],
    ['\x80\x09}.', /protocol 9/],
    [`${command}(${command}tR.`, /called/],
    ['cos\nsystem', /cut off/],
    ['h\x05.', /not stored/],
    ['j\xff\xff\xff\xff.', /not stored/],
    ['.', /runs empty/],
    ['Nt.', /mark is missing/],
    [`]${text('w')}Ns.`, /no dictionary/],
    ['}Na.', /no list/],
    [`](${'N'.repeat(300_000)}e.`, /no dictionary/],
    ['}'.repeat(600_000), /more than 500000 opcodes/],
    [`X${le32(5_000_000)}${'a'.repeat(5_000_000)}.`, /too large/],
    [dictionary('K\x01'), /w is no tensor/],
    ['}K\x01K\x01s.', /no text/],
    [dictionary(tensor(sizes(6), sizes(1), 'K\0', storage(text('9')))), /does not hold/],
    [dictionary(tensor(sizes(6), sizes(1), 'K\0', storage(text('0'), 'IntStorage'))), /IntStorage/],
    [
      dictionary(tensor(sizes(6), sizes(1), 'K\0', storage(text('0'), 'LongStorage'))),
      /24 bytes for 6/,
    ],
    [dictionary(tensor(sizes(6), sizes(1), 'K\0', storage(text('__proto__')))), /does not hold/],
    // The same storage as float32 and float64.
    [
      dictionary(
        `${tensor(sizes(6), sizes(1))}\x85${tensor(sizes(3), sizes(1), 'K\0', storage(text('0'), 'DoubleStorage'))}`,
      ),
      /in two ways/,
    ],
    // Marks are no values.
    ['(q\0.', /runs empty/],
    ['(\x85.', /runs empty/],
    ['(.', /runs empty/],
    ['}}.', /more than one value/],
    [`}(${text('w')}u.`, /no value/],
    [`${dictionary('N')}junk`, /w is no tensor|behind its end/],
    [`\x8a\xff${'\xff'.repeat(255)}.`, /no dictionary/],
    [dictionary(tensor(`\x8a\x09${'\xff'.repeat(8)}\0\x85`, sizes(1))), /wrongly/],
    [`ccollections\nOrderedDict\n((K\x01ttR.`, /OrderedDict is described wrongly/],
    [`c${'x'.repeat(1000)}\n\x1b[2J\n.`, /^.{0,250}$/],
    [dictionary('K\x01Q'), /no storage/],
    // A mark for a key, and arrays of which each holds the last one twice: 2^60 when written out.
    [dictionary(`${text('storage')}${text('FloatStorage')}(\x87Q`), /runs empty/],
    [dictionary(`${text('storage')})${'q\0h\0\x86'.repeat(60)}N\x87Q`), /no storage/],
    [dictionary(tensor(sizes(7), sizes(1))), /beyond its bytes/],
    [dictionary(tensor(sizes(6), sizes(1), 'K\x01')), /beyond its bytes/],
    [dictionary(tensor(sizes(2, 2), sizes(5, 1))), /beyond its bytes/],
    [dictionary(tensor(sizes(6), sizes(1), 'J\xff\xff\xff\xff')), /wrongly/],
    [dictionary(tensor(sizes(-1, -6), sizes(1, 1))), /wrongly/],
    [dictionary(tensor(sizes(2), sizes(-1), 'K\x05')), /wrongly/],
    [dictionary(tensor(`${nan}\x85`, sizes(1))), /wrongly/],
    [dictionary(tensor(sizes(6), `${nan}\x85`)), /wrongly/],
    [dictionary(tensor(sizes(6), sizes(1), nan)), /wrongly/],
    [dictionary(tensor('G\x3f\xe0\0\0\0\0\0\0\x85', sizes(1))), /wrongly/],
    [dictionary(tensor(sizes(6), sizes())), /wrongly/],
    [dictionary(tensor(text('6'), sizes(1))), /wrongly/],
    [dictionary(tensor(sizes(6), sizes(1), 'K\0', 'N')), /wrongly/],
    [dictionary(tensor(`(${'K\x01'.repeat(1e5)}t`, `(${'K\x01'.repeat(1e5)}t`)), /wrongly/],
    [dictionary(tensor(sizes(2 ** 31 - 1, 2), sizes(0, 0))), /larger than the file/],
    [dictionary(tensor(sizes(...Array(40).fill(2 ** 30), 0), sizes(...Array(41).fill(0)))), /mem/],
  ];
  for (const [pickled, reason] of hostile) {
    const error = await failsWith('BAD_MODEL_FILE', () => readTorchFile(archive(pickled)));
    assert.match(error.message, reason);
  }
  assert.not(existsSync(marker));
});

test('damage inside a pickle is refused, or gives tensors: never another error', async () => {
  for (let cut = 0; cut < good.length; cut += 1) {
    await failsWith('BAD_MODEL_FILE', () => readTorchFile(archive(good.slice(0, cut))));
  }
  const draw = random(5, 'damaged pickle');
  for (let round = 0; round < 3000; round += 1) {
    const pickled = Buffer.from(good, 'latin1');
    pickled[draw.integer(pickled.length)] = draw.integer(256);
    tensorsOrRefusal(archive(pickled));
  }
});

test.run();
