import { codeOf, GillnetError, messageOf } from '../errors.js';
import { notWhole } from './formats/refusals.js';
import { writeTorchFile } from './formats/write-torch-file.js';
import { endRecord } from './formats/write-zip.js';
import { endOf, headersIn, nameIn, readZip } from './formats/zip.js';
import { decodeModel, type ModelDescription, recordNames } from './model-file.js';

/** What a model says of itself, read from the end of its file: the weights before it are thousands of times as long. */

/** Bytes of the first look, in which the directory and the records of most models stand. */
const firstLook = 128 * 1024;
/** All but the photos' hashes, which may be long. */
const wanted: string[] = [recordNames.description, recordNames.signature];

/** Gives the bytes of a file from `start` up to `end`. */
export type ReadPart = (start: number, end: number) => Promise<Buffer>;

/**
 * The description of the model in a file of `bytes` bytes, as strictly checked as when the whole of it is read.
 * @throws GillnetError BAD_MODEL_FILE, naming `file`, and what `read` throws
 */
export async function readDescription(
  bytes: number,
  file: string,
  read: ReadPart,
): Promise<ModelDescription> {
  const seen = Math.max(0, bytes - firstLook);
  const tail = await read(seen, bytes);
  const readPart: ReadPart = async (start, end) =>
    start >= seen ? tail.subarray(start - seen, end - seen) : read(start, end);

  const records = new Map<string, Uint8Array>();
  try {
    const entries = await readDirectory(tail, seen, readPart);
    const pickle = entries.find(({ name }) => name.endsWith('/data.pkl'));
    const folder = pickle?.name.slice(0, -'data.pkl'.length) ?? '';
    for (const { name, header, start, end } of entries) {
      const record = name.slice(folder.length);
      if (!name.startsWith(folder) || !wanted.includes(record)) continue;
      records.set(record, readEntry(name, header, await readPart(start, end)));
    }
  } catch (cause) {
    if (codeOf(cause) !== 'BAD_MODEL_FILE') throw cause;
    const reason = `${file} can't be used as a model. ${messageOf(cause)}`;
    throw new GillnetError('BAD_MODEL_FILE', reason, { cause });
  }
  // A model without weights: what a description must hold stands in one place alone.
  return decodeModel(writeTorchFile({ state: {}, records }), file).description;
}

/**
 * The entries, unread: where each begins and the next does, or the directory, and its header as the directory has it.
 * @param tail the file's end, which begins at `seen` @throws GillnetError BAD_MODEL_FILE
 */
async function readDirectory(tail: Buffer, seen: number, readPart: ReadPart) {
  const { at, count, size, directory } = endOf(tail);
  if (directory + size > seen + at) throw notWhole('its directory is damaged');
  const headers = [...headersIn(await readPart(directory, directory + size), count)];
  const entries = headers.map((header) => ({ header, start: header.readUInt32LE(42) }));
  entries.sort((a, b) => a.start - b.start);
  return entries.map(({ header, start }, index) => {
    const end = entries[index + 1]?.start ?? directory;
    if (start > end) throw notWhole('its directory is damaged');
    return { name: nameIn(header).toString(), header, start, end };
  });
}

/** An entry's data, checked as that of a ZIP which holds nothing else. @throws GillnetError BAD_MODEL_FILE */
function readEntry(name: string, header: Buffer, bytes: Buffer): Uint8Array {
  const moved = Buffer.from(header);
  moved.writeUInt32LE(0, 42);
  const zip = Buffer.concat([bytes, moved, endRecord([moved], bytes.length)]);
  return readZip(zip).get(name) as Uint8Array;
}
