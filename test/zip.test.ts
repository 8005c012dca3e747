import * as assert from 'uvu/assert';
import { crc32 } from '../lib/model/formats/crc32.js';
import { writeZip } from '../lib/model/formats/write-zip.js';
import { readZip } from '../lib/model/formats/zip.js';
import { failsWith } from './support/errors.js';
import { suite } from './support/suite.js';
import { bytesOfZip, type Header, u32, type ZipEnd, type ZipEntry, zipOf } from './support/zips.js';

const test = suite('zip');

const contents: [string, Buffer][] = [
  ['a/data.pkl', Buffer.from('first')],
  ['a/data/0', Buffer.from('the second')],
];
const good = () => zipOf(contents, crc32);

/** What is otherwise in the headers of a good file's second entry, and in its end. */
interface Changes {
  local?: Partial<ZipEntry['local']>;
  central?: Partial<ZipEntry['central']>;
  end?: Partial<ZipEnd> | ((end: ZipEnd) => Partial<ZipEnd>);
}

test('what is written is read, and a file by hand too', () => {
  assert.equal([...readZip(writeZip(contents))], contents);
  assert.equal([...readZip(bytesOfZip(good()))], contents);
});

test('data descriptors are read, as PyTorch writes them', () => {
  for (const signature of [[], u32(0x08074b50)]) {
    const zip = good();
    const [first, second] = zip.entries as [ZipEntry, ZipEntry];
    for (const { local, central } of zip.entries) {
      local.flags = central.flags = 0x0808;
      local.crc = local.packed = local.size = 0;
    }
    first.descriptor = Buffer.from([...signature, ...u32(1, 2, 3)]);
    second.central.at += first.descriptor.length;
    zip.end.at += first.descriptor.length;
    assert.equal([...readZip(bytesOfZip(zip))], contents);
  }
});

test('an ambiguous, hostile or damaged ZIP is refused, saying why', async () => {
  const text = (name: string) => Buffer.from(name, 'latin1');
  const both = (changes: Partial<Header>): Changes => ({ local: changes, central: changes });
  // As long as the one that they stand in for.
  const names =
    '../etc/p /etc/pas a/../../ a\\..\\..\\ C:\\a.txt a/b\0.txt a//b/c.t ./a/b/c/ a/data.\xff';
  const marker = 0xffffffff;
  const refused: [changes: Changes, reason: RegExp][] = [
    ...names
      .split(' ')
      .map((name): [Changes, RegExp] => [both({ name: text(name) }), /an entry is named/]),
    [
      // Two bytes longer than the name that it had.
      {
        ...both({ name: text('a/data.pkl') }),
        end: ({ size, at }) => ({ size: size + 2, at: at + 2 }),
      },
      /data\.pkl twice/,
    ],
    [{ local: { name: text('b/data/0') } }, /not what the directory says/],
    [{ local: { size: 9 } }, /not what the directory says/],
    [{ local: { crc: 9 } }, /not what the directory says/],
    [{ local: { method: 8 } }, /not what the directory says/],
    [{ local: { signature: 0 } }, /damaged/],
    [both({ crc: 9 }), /checksum/],
    [both({ method: 8 }), /compressed.*zip -0.*torch\.save/],
    [{ central: { flags: 0x0801 } }, /encrypted/],
    [{ central: { packed: 3 } }, /two different sizes/],
    [{ central: { size: marker, packed: marker } }, /64-bit sizes/],
    [{ central: { size: 1e6, packed: 1e6 } }, /not what|cut off/],
    [{ central: { disk: 1 } }, /split archive/],
    [{ central: { signature: 0 } }, /directory is damaged/],
    [{ central: { at: 1e6 } }, /belong to none/],
    [{ central: { at: 0 } }, /overlap/],
    [{ end: { count: 1, countHere: 1 } }, /longer than its entries/],
    [{ end: { count: 3, countHere: 3 } }, /directory is damaged/],
    [{ end: { count: 0xffff, countHere: 0xffff } }, /larger than 4 GB/],
    [{ end: { countHere: 1 } }, /split archive/],
    [{ end: { disk: 1 } }, /split archive/],
    [{ end: ({ at }) => ({ at: at + 1 }) }, /does not end where/],
    [{ end: { before: Buffer.alloc(76) } }, /does not end where/],
    [{ end: { signature: 0 } }, /no ZIP directory/],
  ];
  for (const [{ local, central, end }, reason] of refused) {
    const zip = good();
    const second = zip.entries[1] as ZipEntry;
    Object.assign(second.local, local);
    Object.assign(second.central, central);
    Object.assign(zip.end, typeof end === 'function' ? end(zip.end) : end);
    const error = await failsWith('BAD_MODEL_FILE', () => readZip(bytesOfZip(zip)));
    assert.match(error.message, reason);
  }
});

test('bytes that belong to no entry, and entries inside others, are refused', async () => {
  const leading = good();
  const [first, last] = leading.entries as [ZipEntry, ZipEntry];
  for (const { central } of leading.entries) central.at += 4;
  leading.end.at += 4;
  const shifted = Buffer.concat([Buffer.from('MZ\0\0'), bytesOfZip(leading)]);
  assert.match(
    (await failsWith('BAD_MODEL_FILE', () => readZip(shifted))).message,
    /belong to none/,
  );

  const between = good();
  (between.entries[0] as ZipEntry).descriptor = Buffer.alloc(16);
  (between.entries[1] as ZipEntry).central.at += 16;
  between.end.at += 16;
  const gap = await failsWith('BAD_MODEL_FILE', () => readZip(bytesOfZip(between)));
  assert.match(gap.message, /belong to none/);

  // The first entry's data is the whole second entry.
  const inner = bytesOfZip({ entries: [last], end: leading.end });
  const length = 30 + last.local.name.length + last.data.length;
  const outer = zipOf([['a/data.pkl', inner.subarray(0, length)]], crc32);
  const start = 30 + first.local.name.length;
  outer.entries.push({
    ...last,
    central: { ...last.central, at: start },
    local: { ...last.local },
  });
  const nested = bytesOfZip(outer);
  // The second local header is there once more behind the first entry; the directory names the one inside.
  outer.end.at = nested.length - 22 - 2 * 46 - 18;
  outer.end.count = outer.end.countHere = 2;
  outer.end.size = 2 * 46 + 18;
  const overlap = await failsWith('BAD_MODEL_FILE', () => readZip(bytesOfZip(outer)));
  assert.match(overlap.message, /overlap/);
});

test.run();
