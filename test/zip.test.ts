import * as assert from 'uvu/assert';
import { crc32 } from '../lib/model/formats/crc32.js';
import { writeZip } from '../lib/model/formats/write-zip.js';
import { readZip } from '../lib/model/formats/zip.js';
import { failsWith } from './support/errors.js';
import { suite } from './support/suite.js';
import { bytesOfZip, u32, type ZipEntry, type ZipFile, zipOf } from './support/zips.js';

const test = suite('zip');

const contents: [string, Buffer][] = [
  ['a/data.pkl', Buffer.from('first')],
  ['a/data/0', Buffer.from('the second')],
];
const good = () => zipOf(contents, crc32);

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
  const named = (name: string) => (zip: ZipFile) => {
    const bytes = Buffer.from(name.padEnd(8, '-').slice(0, 8));
    const { local, central } = zip.entries[1] as ZipEntry;
    local.name = central.name = bytes;
  };
  const second = (change: (entry: ZipEntry) => void) => (zip: ZipFile) =>
    change(zip.entries[1] as ZipEntry);
  const refused: [change: (zip: ZipFile) => void, reason: RegExp][] = [
    ...[
      '../etc/p',
      '/etc/pas',
      'a/../../',
      'a\\..\\..',
      'C:\\a.txt',
      'a/b\0.txt',
      'a//b/c.t',
      './a/b/c/',
    ].map((name): [(zip: ZipFile) => void, RegExp] => [named(name), /an entry is named/]),
    [
      second(({ local, central }) => {
        local.name = central.name = Buffer.from('a/data.p\xff', 'latin1').subarray(1);
      }),
      /an entry is named/,
    ],
    [
      (zip) => {
        const { local, central } = zip.entries[1] as ZipEntry;
        local.name = central.name = Buffer.from('a/data.pkl');
        zip.end.size += 2;
        zip.end.at += 2;
      },
      /data\.pkl twice/,
    ],
    [
      second((entry) => {
        entry.local.name = Buffer.from('b/data/0');
      }),
      /not what the directory says/,
    ],
    [
      second((entry) => {
        entry.local.size = 9;
      }),
      /not what the directory says/,
    ],
    [
      second((entry) => {
        entry.local.crc = 9;
      }),
      /not what the directory says/,
    ],
    [
      second((entry) => {
        entry.local.method = 8;
      }),
      /not what the directory says/,
    ],
    [
      second((entry) => {
        entry.central.crc = entry.local.crc = 9;
      }),
      /checksum/,
    ],
    [
      second((entry) => {
        entry.central.method = entry.local.method = 8;
      }),
      /compressed.*zip -0.*torch\.save/,
    ],
    [
      second((entry) => {
        entry.central.flags = 0x0801;
      }),
      /encrypted/,
    ],
    [
      second((entry) => {
        entry.central.packed = 3;
      }),
      /two different sizes/,
    ],
    [
      second((entry) => {
        entry.central.size = entry.central.packed = 0xffffffff;
      }),
      /64-bit sizes/,
    ],
    [
      second((entry) => {
        entry.central.size = entry.central.packed = 1e6;
      }),
      /not what|cut off/,
    ],
    [
      second((entry) => {
        entry.central.disk = 1;
      }),
      /split archive/,
    ],
    [
      second((entry) => {
        entry.central.signature = 0;
      }),
      /directory is damaged/,
    ],
    [
      second((entry) => {
        entry.central.at = 1e6;
      }),
      /belong to none/,
    ],
    [
      second((entry) => {
        entry.central.at = 0;
      }),
      /overlap/,
    ],
    [
      second((entry) => {
        entry.local.signature = 0;
      }),
      /damaged/,
    ],
    [
      (zip) => {
        zip.end.count = zip.end.countHere = 1;
      },
      /longer than its entries/,
    ],
    [
      (zip) => {
        zip.end.count = zip.end.countHere = 3;
      },
      /directory is damaged/,
    ],
    [
      (zip) => {
        zip.end.count = zip.end.countHere = 0xffff;
      },
      /larger than 4 GB/,
    ],
    [
      (zip) => {
        zip.end.countHere = 1;
      },
      /split archive/,
    ],
    [
      (zip) => {
        zip.end.disk = 1;
      },
      /split archive/,
    ],
    [
      (zip) => {
        zip.end.at += 1;
      },
      /does not end where/,
    ],
    [
      (zip) => {
        zip.end.before = Buffer.alloc(76);
      },
      /does not end where/,
    ],
    [
      (zip) => {
        zip.end.signature = 0;
      },
      /no ZIP directory/,
    ],
  ];
  for (const [index, [change, reason]] of refused.entries()) {
    const zip = good();
    change(zip);
    const error = await failsWith('BAD_MODEL_FILE', () => readZip(bytesOfZip(zip)));
    assert.match(error.message, reason, `case ${index}`);
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
