import { notState } from './refusals.js';
import { stateDictOf } from './state-dict.js';
import { readTensors } from './stored-tensor.js';
import { isLegacy, readLegacy } from './torch-legacy.js';
import { readTorchPickle } from './torch-pickle.js';
import type { TorchFile } from './write-torch-file.js';
import { readZip } from './zip.js';

/** Files of `torch.save(state_dict)`. Since PyTorch 1.6: a ZIP of a pickle that describes tensors, and of their bytes. */

/** Entries of PyTorch's own; those whose name begins with a dot are newer releases'. */
const ownEntry = /^(data\.pkl|byteorder|version|data\/.*|\..*)$/;

/**
 * Reads tensors without executing anything; float16, bfloat16 and float64 become float32. Takes four times the
 * file's size at most. A file from before PyTorch 1.6 has no records.
 * @throws GillnetError BAD_MODEL_FILE when it is damaged, hostile, or holds something else
 */
export function readTorchFile(file: Uint8Array): TorchFile {
  const { value, bytesOfStorage, records } = isLegacy(file)
    ? { ...readLegacy(file), records: new Map<string, Uint8Array>() }
    : readArchive(file);
  const state = readTensors(stateDictOf(value), bytesOfStorage, file.length);
  return { state, records };
}

function readArchive(file: Uint8Array) {
  const entries = readZip(file);
  const pickles = [...entries.keys()].filter((name) => name.endsWith('/data.pkl'));
  const [pickleName] = pickles;
  const pickled = pickleName && entries.get(pickleName);
  if (!pickled) throw notState('it holds no data.pkl');
  if (pickles.length > 1) throw notState(`it holds ${pickles.length} files data.pkl, expected one`);
  const folder = pickleName.slice(0, -'data.pkl'.length);
  if (entries.get(`${folder}byteorder`)?.toString() === 'big') {
    throw notState('its bytes are big-endian');
  }
  const { value, end } = readTorchPickle(pickled);
  if (end !== pickled.length) throw notState('its data.pkl goes on behind its end');
  const records = new Map(
    [...entries]
      .filter(([name]) => name.startsWith(folder))
      .map(([name, bytes]): [string, Uint8Array] => [name.slice(folder.length), bytes])
      .filter(([name]) => !ownEntry.test(name)),
  );
  return { value, bytesOfStorage: (key: string) => entries.get(`${folder}data/${key}`), records };
}
