import type { NativeState, NativeTensor } from '../../native.js';
import { bytesOf } from './tensor-types.js';
import { type Pickleable, pickle } from './write-pickle.js';
import { zipParts } from './write-zip.js';

/** What `torch.save` writes, and `readTorchFile` reads. */
export interface TorchFile {
  state: NativeState;
  /** Further entries of the ZIP by their name, which PyTorch leaves alone. */
  records: Map<string, Uint8Array>;
}

/** Steps between neighbours along each axis, in values. */
function contiguousStrides(shape: number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
}

const orderedDict: Pickleable = { call: [{ global: ['collections', 'OrderedDict'] }, []] };

/** A tensor whose bytes are the record `data/<key>`. @param trains whether PyTorch asks for its gradient */
export function pickledTensor(
  { dtype, shape, data }: NativeTensor,
  key: string,
  trains: boolean,
): Pickleable {
  const type = dtype === 'int64' ? 'LongStorage' : 'FloatStorage';
  const count = data.length / bytesOf[dtype];
  const storage: Pickleable = {
    persistent: ['storage', { global: ['torch', type] }, key, 'cpu', count],
  };
  const sizes: Pickleable[] = [{ tuple: shape }, { tuple: contiguousStrides(shape) }];
  const rebuild: Pickleable = { global: ['torch._utils', '_rebuild_tensor_v2'] };
  return { call: [rebuild, [storage, 0, ...sizes, trains, orderedDict]] };
}

/** A file that `torch.load(file, weights_only=True)` reads, with further records beside. */
export function writeTorchFile(file: TorchFile): Buffer {
  return Buffer.concat(torchFileParts(file));
}

/** The same in parts, one after another, which share the tensors' memory: a checkpoint is too large to have twice. */
export function torchFileParts({ state, records }: TorchFile): Uint8Array[] {
  const items = Object.entries(state).map(([name, tensor], key): [string, Pickleable] => [
    name,
    pickledTensor(tensor, String(key), false),
  ]);
  return zipParts(
    archiveEntries([['data.pkl', pickle({ of: orderedDict, items })]], state, records),
  );
}

/** The entries of PyTorch's archives, those of the tensors named by their number. @param first the pickle, and what goes with it */
export function archiveEntries(
  first: [string, Uint8Array][],
  state: NativeState,
  records: Iterable<[string, Uint8Array]>,
): [string, Uint8Array][] {
  const entries: [string, Uint8Array][] = [
    ...first,
    ['byteorder', Buffer.from('little')],
    ...Object.values(state).map(({ data }, key): [string, Uint8Array] => [`data/${key}`, data]),
    ['version', Buffer.from('3\n')],
    ...records,
  ];
  return entries.map(([name, bytes]) => [`archive/${name}`, bytes]);
}
