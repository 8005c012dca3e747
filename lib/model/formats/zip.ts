import { GillnetError } from '../../errors.js';
import { shown } from '../shown.js';
import { crc32 } from './crc32.js';
import { centralBytes, endBytes, localBytes, signatures } from './zip-layout.js';

/**
 * Reads the subset of ZIP that PyTorch writes (APPNOTE.TXT 6.3.10): stored entries, with or without data
 * descriptors, and 64-bit end records that say the same as the plain one. Whatever two readers could
 * understand in two ways is refused.
 */

const end64Bytes = 56;
const locator64Bytes = 20;
const longestComment = 0xffff;
/** A checksum and two sizes of four or eight bytes, with or without a signature: 4.3.9. */
const descriptorBytes = [12, 16, 20, 24];

/** General purpose bits, 4.4.4. */
const flag = {
  encrypted: 0x0001,
  descriptor: 0x0008,
  patched: 0x0020,
  strong: 0x0040,
  masked: 0x2000,
};

/** Stand for "see the 64-bit record". */
const marker16 = 0xffff;
const marker32 = 0xffffffff;

const bad = (reason: string) =>
  new GillnetError('BAD_MODEL_FILE', `It is not a whole model file: ${reason}.`);

interface Entry {
  /** As they stand in the file, to compare with the local header's. */
  nameBytes: Buffer;
  name: string;
  flags: number;
  crc: number;
  size: number;
  /** Where its local header begins. */
  local: number;
}

/**
 * Entries by name; their bytes refer to `file`. Names are relative paths without `..`; nothing is unpacked.
 * @throws GillnetError BAD_MODEL_FILE when it is damaged, ambiguous, or not a ZIP of stored entries
 */
export function readZip(file: Uint8Array): Map<string, Uint8Array> {
  const view = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const { directory, entries } = readDirectory(view);
  const found = new Map<string, Uint8Array>();
  let before: Entry | undefined;
  let free = 0;
  for (const entry of entries.sort((a, b) => a.local - b.local)) {
    requireAdjacent(entry.local, free, before);
    const start = dataStart(view, entry, directory);
    free = start + entry.size;
    if (free > directory) throw bad(`its entry ${shown(entry.name)} is cut off`);
    const data = view.subarray(start, free);
    if (crc32(data) !== entry.crc) {
      throw bad(`the checksum of its entry ${shown(entry.name)} is wrong`);
    }
    if (found.has(entry.name)) throw bad(`it holds the entry ${shown(entry.name)} twice`);
    found.set(entry.name, data);
    before = entry;
  }
  requireAdjacent(directory, free, before);
  return found;
}

/** The entries cover the file from its begin to the directory, each byte once. */
function requireAdjacent(at: number, free: number, before: Entry | undefined): void {
  if (at < free) throw bad('its entries overlap');
  const hasDescriptor = before && (before.flags & flag.descriptor) !== 0;
  if (at === free || (hasDescriptor && descriptorBytes.includes(at - free))) return;
  throw bad(`${at - free} bytes before ${before ? 'or between' : ''} its entries belong to none`);
}

function readDirectory(view: Buffer): { directory: number; entries: Entry[] } {
  const end = findEnd(view);
  const disk = view.readUInt16LE(end + 4) | view.readUInt16LE(end + 6);
  const count = view.readUInt16LE(end + 10);
  const size = view.readUInt32LE(end + 12);
  const directory = view.readUInt32LE(end + 16);
  if (count === marker16 || size === marker32 || directory === marker32) {
    throw bad('it is larger than 4 GB or holds more than 65,534 entries');
  }
  if (disk !== 0 || view.readUInt16LE(end + 8) !== count) {
    throw bad('it is one part of a split archive; join the parts first');
  }
  const directoryEnd = directory + size;
  requireEndRecords(view, { directoryEnd, end, count, directory });

  const entries: Entry[] = [];
  let at = directory;
  for (let index = 0; index < count; index += 1) {
    if (at + centralBytes > directoryEnd || view.readUInt32LE(at) !== signatures.central) {
      throw bad('its directory is damaged');
    }
    const nameEnd = at + centralBytes + view.readUInt16LE(at + 28);
    const next = nameEnd + view.readUInt16LE(at + 30) + view.readUInt16LE(at + 32);
    if (next > directoryEnd) throw bad('its directory is damaged');
    entries.push(entryAt(view, at, nameEnd));
    at = next;
  }
  if (at !== directoryEnd) throw bad('its directory is longer than its entries');
  return { directory, entries };
}

/** Between the directory and the end there is nothing, or 64-bit records that agree with it. */
function requireEndRecords(
  view: Buffer,
  at: { directoryEnd: number; end: number; count: number; directory: number },
): void {
  const { directoryEnd, end, count, directory } = at;
  if (directoryEnd === end) return;
  const locator = directoryEnd + end64Bytes;
  const agree =
    locator + locator64Bytes === end &&
    view.readUInt32LE(directoryEnd) === signatures.end64 &&
    view.readBigUInt64LE(directoryEnd + 32) === BigInt(count) &&
    view.readBigUInt64LE(directoryEnd + 40) === BigInt(directoryEnd - directory) &&
    view.readBigUInt64LE(directoryEnd + 48) === BigInt(directory) &&
    view.readUInt32LE(locator) === signatures.locator64 &&
    view.readBigUInt64LE(locator + 8) === BigInt(directoryEnd);
  if (!agree) throw bad('its directory does not end where its end record says');
}

function entryAt(view: Buffer, at: number, nameEnd: number): Entry {
  const nameBytes = view.subarray(at + centralBytes, nameEnd);
  const name = nameOf(nameBytes);
  const flags = view.readUInt16LE(at + 8);
  const size = view.readUInt32LE(at + 24);
  const local = view.readUInt32LE(at + 42);
  if (flags & (flag.encrypted | flag.patched | flag.strong | flag.masked)) {
    throw bad(`its entry ${shown(name)} is encrypted`);
  }
  if (view.readUInt16LE(at + 10) !== 0) {
    throw bad(
      `its entry ${shown(name)} is compressed, which torch.save never does; unpack it and pack it again with ` +
        '`zip -0`, or save it again with torch.save',
    );
  }
  if (size === marker32 || local === marker32) {
    throw bad(`its entry ${shown(name)} has 64-bit sizes, as files larger than 4 GB have`);
  }
  if (view.readUInt32LE(at + 20) !== size) {
    throw bad(`its entry ${shown(name)} is stored with two different sizes`);
  }
  if (view.readUInt16LE(at + 34) !== 0) throw bad('it is one part of a split archive');
  return { nameBytes, name, flags, crc: view.readUInt32LE(at + 16), size, local };
}

/** A relative path of plain parts, so that no program that unpacks the file writes elsewhere. */
function nameOf(bytes: Buffer): string {
  const name = bytes.toString('utf8');
  const isText = !name.includes('\ufffd') && !/[\p{Cc}\\]/u.test(name);
  const parts = name.split('/');
  const isInside = !/^[a-z]:/i.test(name) && !parts.some((part) => ['', '.', '..'].includes(part));
  if (!isText || !isInside) throw bad(`an entry is named ${shown(name) || 'nothing'}`);
  return name;
}

/** Behind the local header, which says what the directory says. */
function dataStart(view: Buffer, entry: Entry, directory: number): number {
  const { local, nameBytes, name, flags, crc, size } = entry;
  if (local + localBytes > directory || view.readUInt32LE(local) !== signatures.local) {
    throw bad(`its entry ${shown(name)} is damaged`);
  }
  const nameStart = local + localBytes;
  const nameEnd = nameStart + view.readUInt16LE(local + 26);
  const start = nameEnd + view.readUInt16LE(local + 28);
  if (start > directory) throw bad(`its entry ${shown(name)} is cut off`);
  const sums = [14, 18, 22].map((offset) => view.readUInt32LE(local + offset));
  // With a data descriptor they follow the data, and the header may hold zeros.
  const isLater = (flags & flag.descriptor) !== 0 && sums.every((sum) => sum === 0);
  const agrees =
    nameBytes.equals(view.subarray(nameStart, nameEnd)) &&
    view.readUInt16LE(local + 6) === flags &&
    view.readUInt16LE(local + 8) === 0 &&
    (isLater || (sums[0] === crc && sums[1] === size && sums[2] === size));
  if (!agrees) throw bad(`its entry ${shown(name)} is not what the directory says of it`);
  return start;
}

function findEnd(view: Buffer): number {
  const first = Math.max(0, view.length - endBytes - longestComment);
  for (let at = view.length - endBytes; at >= first; at -= 1) {
    const isEnd = view.readUInt32LE(at) === signatures.end;
    if (isEnd && at + endBytes + view.readUInt16LE(at + 20) === view.length) return at;
  }
  throw bad('it has no ZIP directory at its end, so that it is cut off or of another kind');
}
