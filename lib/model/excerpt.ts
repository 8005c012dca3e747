import { GillnetError } from '../errors.js';
import { writeTorchFile } from './formats/write-torch-file.js';
import { readZip } from './formats/zip.js';
import { centralBytes, endBytes, signatures } from './formats/zip-layout.js';
import { decodeModel, type ModelDescription, recordNames } from './model-file.js';

/** What a model says of itself, read from the end of its file: the weights before it are thousands of times as long. */

/** Bytes of the first look, in which the directory and the records of most models stand. */
const firstLook = 128 * 1024;
/** All but the photos' hashes, which may be long. */
const wanted: string[] = [recordNames.description, recordNames.signature];

const endSignature = Buffer.alloc(4);
endSignature.writeUInt32LE(signatures.end);

/** Gives the bytes of a file from `start` up to `end`. */
export type ReadPart = (start: number, end: number) => Promise<Buffer>;

/** An entry of a ZIP, unread. */
interface Entry {
  name: string;
  /** Of its local header. */
  start: number;
  /** Where the next entry begins, or the directory. */
  end: number;
  /** What the directory says of it, as it stands there. */
  header: Buffer;
}

/**
 * The description of the model in a file of `bytes` bytes, as strictly checked as when the whole of it is read.
 * @throws GillnetError BAD_MODEL_FILE, naming `file`, and what `read` throws
 */
export async function readDescription(
  bytes: number,
  file: string,
  read: ReadPart,
): Promise<ModelDescription> {
  const bad = (reason: string) =>
    new GillnetError('BAD_MODEL_FILE', `${file} can't be used as a model. ${reason}`);
  const seen = Math.max(0, bytes - firstLook);
  const tail = await read(seen, bytes);
  const readPart: ReadPart = async (start, end) =>
    start >= seen ? tail.subarray(start - seen, end - seen) : read(start, end);

  const entries = await readDirectory(tail, seen, readPart);
  if (!entries) throw bad('It is not a whole model file: its directory is damaged, or cut off.');
  const pickle = entries.find(({ name }) => name.endsWith('/data.pkl'));
  const folder = pickle?.name.slice(0, -'data.pkl'.length) ?? '';
  const records = new Map<string, Uint8Array>();
  for (const entry of entries) {
    const record = entry.name.slice(folder.length);
    if (!entry.name.startsWith(folder) || !wanted.includes(record)) continue;
    try {
      records.set(record, readEntry(entry, await readPart(entry.start, entry.end)));
    } catch (cause) {
      if (cause instanceof GillnetError && cause.code === 'BAD_MODEL_FILE')
        throw bad(cause.message);
      throw cause;
    }
  }
  // A model without weights: what a description must hold stands in one place alone.
  return decodeModel(writeTorchFile({ state: {}, records }), file).description;
}

/** Null for what is none. @param tail the file's end, which begins at `seen` */
async function readDirectory(
  tail: Buffer,
  seen: number,
  readPart: ReadPart,
): Promise<Entry[] | null> {
  const at = tail.lastIndexOf(endSignature);
  const isEnd =
    at >= 0 &&
    at + endBytes <= tail.length &&
    at + endBytes + tail.readUInt16LE(at + 20) === tail.length;
  if (!isEnd) return null;
  const count = tail.readUInt16LE(at + 10);
  const start = tail.readUInt32LE(at + 16);
  if (start > seen + at) return null;
  const directory = await readPart(start, seen + at);

  const entries: Entry[] = [];
  for (let from = 0; entries.length < count; ) {
    if (
      from + centralBytes > directory.length ||
      directory.readUInt32LE(from) !== signatures.central
    )
      return null;
    const nameEnd = from + centralBytes + directory.readUInt16LE(from + 28);
    const next = nameEnd + directory.readUInt16LE(from + 30) + directory.readUInt16LE(from + 32);
    entries.push({
      name: directory.toString('utf8', from + centralBytes, nameEnd),
      start: directory.readUInt32LE(from + 42),
      end: start,
      header: directory.subarray(from, next),
    });
    from = next;
  }
  entries.sort((a, b) => a.start - b.start);
  for (const [index, entry] of entries.entries()) {
    entry.end = entries[index + 1]?.start ?? start;
    if (entry.start > entry.end) return null;
  }
  return entries;
}

/** An entry's data, checked as that of a ZIP which holds nothing else. @throws GillnetError BAD_MODEL_FILE */
function readEntry({ name, header }: Entry, bytes: Buffer): Uint8Array {
  const moved = Buffer.from(header);
  moved.writeUInt32LE(0, 42);
  const end = Buffer.alloc(endBytes);
  endSignature.copy(end);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(moved.length, 12);
  end.writeUInt32LE(bytes.length, 16);
  return readZip(Buffer.concat([bytes, moved, end])).get(name) as Uint8Array;
}
