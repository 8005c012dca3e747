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
    const crc = crc32(data);
    // An extra field needs four bytes of its own before the padding.
    const unpadded = offset + localBytes + nameBytes.length + 4;
    const padding = (alignment - (unpadded % alignment)) % alignment;

    const local = Buffer.alloc(localBytes + nameBytes.length + 4 + padding);
    local.writeUInt32LE(signatures.local, 0);
    writeCommon(local, 4, crc, data.length, nameBytes.length);
    local.writeUInt16LE(4 + padding, 28);
    nameBytes.copy(local, localBytes);
    // The id of PyTorch's own padding, "FB".
    local.write('FB', localBytes + nameBytes.length);
    local.writeUInt16LE(padding, localBytes + nameBytes.length + 2);

    const central = Buffer.alloc(centralBytes + nameBytes.length);
    central.writeUInt32LE(signatures.central, 0);
    writeCommon(central, 6, crc, data.length, nameBytes.length);
    central.writeUInt32LE(offset, 42);
    nameBytes.copy(central, centralBytes);

    parts.push(local, data);
    directory.push(central);
    offset += local.length + data.length;
  }
  const directorySize = directory.reduce((sum, entry) => sum + entry.length, 0);
  const end = Buffer.alloc(endBytes);
  end.writeUInt32LE(signatures.end, 0);
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(directorySize, 12);
  end.writeUInt32LE(offset, 16);
  return [...parts, ...directory, end];
}

/** The fields that stand in the same order in both headers, from "version needed" on; no date. */
function writeCommon(
  header: Buffer,
  at: number,
  crc: number,
  size: number,
  nameLength: number,
): void {
  const utf8Names = 0x0800;
  const firstOfJanuary1980 = 0x0021;
  header.writeUInt16LE(20, at);
  header.writeUInt16LE(utf8Names, at + 2);
  header.writeUInt16LE(firstOfJanuary1980, at + 8);
  header.writeUInt32LE(crc, at + 10);
  header.writeUInt32LE(size, at + 14);
  header.writeUInt32LE(size, at + 18);
  header.writeUInt16LE(nameLength, at + 22);
}
