import type { NativeTensor } from '../native.js';
import type { TorchFile } from './torch-file.js';
import { type Pickleable, pickle } from './write-pickle.js';
import { writeZip } from './write-zip.js';

const storageTypes = {
  FloatStorage: { dtype: 'float32', bytes: 4 },
  LongStorage: { dtype: 'int64', bytes: 8 },
} as const;
type StorageType = keyof typeof storageTypes;

/** Steps between neighbours along each axis, in values. */
function contiguousStrides(shape: number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
}

/** A file that `torch.load(file, weights_only=True)` reads, with further records beside. */
export function writeTorchFile({ state, records }: TorchFile): Buffer {
  const names = Object.entries(state);
  const storageOf = (tensor: NativeTensor): StorageType =>
    tensor.dtype === 'int64' ? 'LongStorage' : 'FloatStorage';
  const orderedDict: Pickleable = { call: [{ global: ['collections', 'OrderedDict'] }, []] };

  const pickled = pickle({
    of: orderedDict,
    items: names.map(([name, tensor], key) => {
      const type = storageOf(tensor);
      const count = tensor.data.length / storageTypes[type].bytes;
      const storage = {
        persistent: ['storage', { global: ['torch', type] }, String(key), 'cpu', count],
      } as Pickleable;
      const rebuild: Pickleable = { global: ['torch._utils', '_rebuild_tensor_v2'] };
      const args: Pickleable[] = [
        storage,
        0,
        { tuple: tensor.shape },
        { tuple: contiguousStrides(tensor.shape) },
        false,
        orderedDict,
      ];
      return [name, { call: [rebuild, args] }];
    }),
  });
  const folder = 'archive/';
  return writeZip([
    [`${folder}data.pkl`, pickled],
    [`${folder}byteorder`, Buffer.from('little')],
    ...names.map(([, tensor], key): [string, Uint8Array] => [`${folder}data/${key}`, tensor.data]),
    [`${folder}version`, Buffer.from('3\n')],
    ...[...records].map(([name, bytes]): [string, Uint8Array] => [folder + name, bytes]),
  ]);
}
