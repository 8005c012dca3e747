import { crc32 } from './crc32.js';
import { centralBytes, endBytes, localBytes, signatures } from './zip-layout.js';

/** PyTorch aligns each entry's data to it, so that files can be mapped into memory. */
const alignment = 64;

/** A ZIP of stored entries, the data of each aligned to 64 bytes. */
export function writeZip(entries: Iterable<[string, Uint8Array]>): Buffer {
  return Buffer.concat(zipParts(entries));
}

/** The same in parts, one after another, which share the entries' memory. */
export function zipParts(entries: Iterable<[string, Uint8Array]>): Uint8Array[] {
  const parts: Uint8Array[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, data] of entries) {
    const nameBytes = Buffer.from(name);
    const common = commonFields(crc32(data), data.length, nameBytes.length);
    // An extra field needs four bytes of its own before the padding.
    const unpadded = offset + localBytes + nameBytes.length + 4;
    const padding = (alignment - (unpadded % alignment)) % alignment;

    const local = Buffer.alloc(localBytes + nameBytes.length + 4 + padding);
    local.writeUInt32LE(signatures.local, 0);
    common.copy(local, 4);
    local.writeUInt16LE(4 + padding, 28);
    nameBytes.copy(local, localBytes);
    // The id of PyTorch's own padding, "FB".
    local.write('FB', localBytes + nameBytes.length);
    local.writeUInt16LE(padding, localBytes + nameBytes.length + 2);

    const central = Buffer.alloc(centralBytes + nameBytes.length);
    central.writeUInt32LE(signatures.central, 0);
    common.copy(central, 6);
    central.writeUInt32LE(offset, 42);
    nameBytes.copy(central, centralBytes);

    parts.push(local, data);
    directory.push(central);
    offset += local.length + data.length;
  }
  return [...parts, ...directory, endRecord(directory, offset)];
}

/** What stands behind the directory. @param directory the headers in it @param at where it begins */
export function endRecord(directory: Buffer[], at: number): Buffer {
  const end = Buffer.alloc(endBytes);
  end.writeUInt32LE(signatures.end, 0);
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  const size = directory.reduce((sum, entry) => sum + entry.length, 0);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(at, 16);
  return end;
}

/** The fields that stand in the same order in both headers, from "version needed" on; no date. */
function commonFields(crc: number, size: number, nameLength: number): Buffer {
  const utf8Names = 0x0800;
  const firstOfJanuary1980 = 0x0021;
  const fields = Buffer.alloc(24);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt16LE(utf8Names, 2);
  fields.writeUInt16LE(firstOfJanuary1980, 8);
  fields.writeUInt32LE(crc, 10);
  fields.writeUInt32LE(size, 14);
  fields.writeUInt32LE(size, 18);
  fields.writeUInt16LE(nameLength, 22);
  return fields;
}
