import { shown } from '../shown.js';
import { crc32 } from './crc32.js';
import { notWhole } from './refusals.js';
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
    if (free > directory) throw notWhole(`its entry ${shown(entry.name)} is cut off`);
    const data = view.subarray(start, free);
    if (crc32(data) !== entry.crc) {
      throw notWhole(`the checksum of its entry ${shown(entry.name)} is wrong`);
    }
    if (found.has(entry.name)) throw notWhole(`it holds the entry ${shown(entry.name)} twice`);
    found.set(entry.name, data);
    before = entry;
  }
  requireAdjacent(directory, free, before);
  return found;
}

/** The entries cover the file from its begin to the directory, each byte once. */
function requireAdjacent(at: number, free: number, before: Entry | undefined): void {
  if (at < free) throw notWhole('its entries overlap');
  const hasDescriptor = before && (before.flags & flag.descriptor) !== 0;
  if (at === free || (hasDescriptor && descriptorBytes.includes(at - free))) return;
  throw notWhole(
    `${at - free} bytes before ${before ? 'or between' : ''} its entries belong to none`,
  );
}

function readDirectory(view: Buffer): { directory: number; entries: Entry[] } {
  const end = endOf(view);
  const { disk, countHere, count, size, directory } = end;
  if (count === marker16 || size === marker32 || directory === marker32) {
    throw notWhole('it is larger than 4 GB or holds more than 65,534 entries');
  }
  if (disk !== 0 || countHere !== count) {
    throw notWhole('it is one part of a split archive; join the parts first');
  }
  requireEndRecords(view, end);
  const headers = headersIn(view.subarray(directory, directory + size), count);
  return { directory, entries: [...headers].map(entryOf) };
}

/** The header of each entry of a directory. @throws GillnetError BAD_MODEL_FILE where it does not hold so many */
export function* headersIn(directory: Buffer, count: number): Generator<Buffer, void> {
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const rest = directory.subarray(at);
    if (rest.length < centralBytes || rest.readUInt32LE(0) !== signatures.central) {
      throw notWhole('its directory is damaged');
    }
    // Of the name, the extra field and the comment.
    const parts = [28, 30, 32].map((offset) => rest.readUInt16LE(offset));
    const length = parts.reduce((sum, part) => sum + part, centralBytes);
    if (length > rest.length) throw notWhole('its directory is damaged');
    yield rest.subarray(0, length);
    at += length;
  }
  if (at !== directory.length) throw notWhole('its directory is longer than its entries');
}

/** The bytes of an entry's name. @param header as the directory has it */
export function nameIn(header: Buffer): Buffer {
  return header.subarray(centralBytes, centralBytes + header.readUInt16LE(28));
}

/** Between the directory and the end there is nothing, or 64-bit records that agree with it. */
function requireEndRecords(view: Buffer, end: ReturnType<typeof endOf>): void {
  const { at, count, size, directory } = end;
  const directoryEnd = directory + size;
  if (directoryEnd === at) return;
  const locator = directoryEnd + end64Bytes;
  const agree =
    locator + locator64Bytes === at &&
    view.readUInt32LE(directoryEnd) === signatures.end64 &&
    view.readBigUInt64LE(directoryEnd + 32) === BigInt(count) &&
    view.readBigUInt64LE(directoryEnd + 40) === BigInt(size) &&
    view.readBigUInt64LE(directoryEnd + 48) === BigInt(directory) &&
    view.readUInt32LE(locator) === signatures.locator64 &&
    view.readBigUInt64LE(locator + 8) === BigInt(directoryEnd);
  if (!agree) throw notWhole('its directory does not end where its end record says');
}

function entryOf(header: Buffer): Entry {
  const nameBytes = nameIn(header);
  const name = nameOf(nameBytes);
  const flags = header.readUInt16LE(8);
  const size = header.readUInt32LE(24);
  const local = header.readUInt32LE(42);
  if (flags & (flag.encrypted | flag.patched | flag.strong | flag.masked)) {
    throw notWhole(`its entry ${shown(name)} is encrypted`);
  }
  if (header.readUInt16LE(10) !== 0) {
    throw notWhole(
      `its entry ${shown(name)} is compressed, which torch.save never does; unpack it and pack it again with ` +
        '`zip -0`, or save it again with torch.save',
    );
  }
  if (size === marker32 || local === marker32) {
    throw notWhole(`its entry ${shown(name)} has 64-bit sizes, as files larger than 4 GB have`);
  }
  if (header.readUInt32LE(20) !== size) {
    throw notWhole(`its entry ${shown(name)} is stored with two different sizes`);
  }
  if (header.readUInt16LE(34) !== 0) throw notWhole('it is one part of a split archive');
  return { nameBytes, name, flags, crc: header.readUInt32LE(16), size, local };
}

/** A relative path of plain parts, so that no program that unpacks the file writes elsewhere. */
function nameOf(bytes: Buffer): string {
  const name = bytes.toString('utf8');
  const isText = !name.includes('\ufffd') && !/[\p{Cc}\\]/u.test(name);
  const parts = name.split('/');
  const isInside = !/^[a-z]:/i.test(name) && !parts.some((part) => ['', '.', '..'].includes(part));
  if (!isText || !isInside) throw notWhole(`an entry is named ${shown(name) || 'nothing'}`);
  return name;
}

/** Behind the local header, which says what the directory says. */
function dataStart(view: Buffer, entry: Entry, directory: number): number {
  const { local, nameBytes, name, flags, crc, size } = entry;
  if (local + localBytes > directory || view.readUInt32LE(local) !== signatures.local) {
    throw notWhole(`its entry ${shown(name)} is damaged`);
  }
  const nameStart = local + localBytes;
  const nameEnd = nameStart + view.readUInt16LE(local + 26);
  const start = nameEnd + view.readUInt16LE(local + 28);
  if (start > directory) throw notWhole(`its entry ${shown(name)} is cut off`);
  const sums = [14, 18, 22].map((offset) => view.readUInt32LE(local + offset));
  // With a data descriptor they follow the data, and the header may hold zeros.
  const isLater = (flags & flag.descriptor) !== 0 && sums.every((sum) => sum === 0);
  const agrees =
    nameBytes.equals(view.subarray(nameStart, nameEnd)) &&
    view.readUInt16LE(local + 6) === flags &&
    view.readUInt16LE(local + 8) === 0 &&
    (isLater || (sums[0] === crc && sums[1] === size && sums[2] === size));
  if (!agrees) throw notWhole(`its entry ${shown(name)} is not what the directory says of it`);
  return start;
}

/** What the record at the end of a file says. @param tail the file's end @throws GillnetError BAD_MODEL_FILE without one */
export function endOf(tail: Buffer) {
  const first = Math.max(0, tail.length - endBytes - longestComment);
  for (let at = tail.length - endBytes; at >= first; at -= 1) {
    const isEnd = tail.readUInt32LE(at) === signatures.end;
    if (!isEnd || at + endBytes + tail.readUInt16LE(at + 20) !== tail.length) continue;
    return {
      at,
      disk: tail.readUInt16LE(at + 4) | tail.readUInt16LE(at + 6),
      countHere: tail.readUInt16LE(at + 8),
      count: tail.readUInt16LE(at + 10),
      size: tail.readUInt32LE(at + 12),
      directory: tail.readUInt32LE(at + 16),
    };
  }
  throw notWhole('it has no ZIP directory at its end, so that it is cut off or of another kind');
}
