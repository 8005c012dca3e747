/** ZIP files whose every field can be wrong, for the reader's tests. */

export interface Header {
  signature: number;
  flags: number;
  method: number;
  crc: number;
  packed: number;
  size: number;
  name: Buffer;
  extra: Buffer;
}

export interface ZipEntry {
  data: Buffer;
  local: Header;
  central: Header & { comment: Buffer; disk: number; at: number };
  /** Behind the data. */
  descriptor: Buffer;
}

export interface ZipEnd {
  signature: number;
  disk: number;
  firstDisk: number;
  countHere: number;
  count: number;
  size: number;
  at: number;
  comment: Buffer;
  /** Before it: nothing, or 64-bit records. */
  before: Buffer;
}

export interface ZipFile {
  entries: ZipEntry[];
  end: ZipEnd;
}

/** The file, with all fields as they should be. */
export function zipOf(contents: [name: string, data: Buffer][], crc32: (data: Buffer) => number) {
  let at = 0;
  const entries = contents.map(([text, data]): ZipEntry => {
    const name = Buffer.from(text);
    const header: Header = {
      ...{ signature: 0x04034b50, flags: 0x0800, method: 0, crc: crc32(data) },
      ...{ packed: data.length, size: data.length, name, extra: Buffer.alloc(0) },
    };
    const central = { ...header, signature: 0x02014b50, comment: Buffer.alloc(0), disk: 0, at };
    at += 30 + name.length + data.length;
    return { data, local: header, central, descriptor: Buffer.alloc(0) };
  });
  const size = entries.reduce((sum, { central }) => sum + 46 + central.name.length, 0);
  const count = entries.length;
  const end: ZipEnd = {
    ...{ signature: 0x06054b50, disk: 0, firstDisk: 0, countHere: count, count, size, at },
    ...{ comment: Buffer.alloc(0), before: Buffer.alloc(0) },
  };
  return { entries, end };
}

export function bytesOfZip({ entries, end }: ZipFile): Buffer {
  const locals = entries.flatMap(({ local, data, descriptor }) => [
    Buffer.concat([Buffer.from(u32(local.signature, 20)).subarray(0, 6), common(local)]),
    ...[local.name, local.extra, data, descriptor],
  ]);
  const centrals = entries.flatMap(({ central }) => [
    Buffer.from([...u32(central.signature), 20, 0, 20, 0]),
    common(central),
    Buffer.from([...u16(central.comment.length, central.disk, 0), ...u32(0, central.at)]),
    ...[central.name, central.extra, central.comment],
  ]);
  const last = Buffer.from([
    ...u32(end.signature),
    ...u16(end.disk, end.firstDisk, end.countHere, end.count),
    ...u32(end.size, end.at),
    ...u16(end.comment.length),
  ]);
  return Buffer.concat([...locals, ...centrals, end.before, last, end.comment]);
}

function common({ flags, method, crc, packed, size, name, extra }: Header): Buffer {
  const sizes = u32(crc, packed, size);
  return Buffer.from([...u16(flags, method, 0, 0x21), ...sizes, ...u16(name.length, extra.length)]);
}

function u16(...values: number[]): number[] {
  return values.flatMap((value) => [value & 255, (value >>> 8) & 255]);
}

export function u32(...values: number[]): number[] {
  return values.flatMap((value) => [...u16(value), ...u16(value >>> 16)]);
}
