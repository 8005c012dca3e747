import type { NativeTensor } from '../../native.js';
import { bytesOf } from '../formats/tensor-types.js';
import { type ModelToExport, recordNames } from '../model-file.js';
import { wholeState } from '../whole-state.js';

const dtypes = { float32: 'F32', int64: 'I64' } as const;
/** Of the header's length, so that the tensors behind it are aligned. */
const alignment = 8;

/**
 * A model as a file of the format that github.com/huggingface/safetensors describes: the state_dict with
 * torchvision's names, and the description as text under `gillnet.json` in its metadata. @throws GillnetError BAD_MODEL_FILE
 */
export function encodeSafetensors({ description, state }: ModelToExport): Buffer {
  // Wider values come first, as the format's own library writes them: then all of them are aligned.
  const width = ([, { dtype }]: [string, NativeTensor]) => bytesOf[dtype];
  const { architecture, classes } = description;
  const whole = wholeState(state, architecture, classes.length);
  const tensors = Object.entries(whole).sort((a, b) => width(b) - width(a));
  let end = 0;
  const described = tensors.map(([name, { dtype, shape, data }]) => {
    const begin = end;
    end += data.length;
    return [name, { dtype: dtypes[dtype], shape, data_offsets: [begin, end] }] as const;
  });
  const metadata = { format: 'pt', [recordNames.description]: JSON.stringify(description) };
  const text = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(described) });
  const bytes = Buffer.byteLength(text);
  const header = Buffer.alloc(8 + Math.ceil(bytes / alignment) * alignment, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8));
  header.write(text, 8);
  return Buffer.concat([header, ...tensors.map(([, { data }]) => data)]);
}
