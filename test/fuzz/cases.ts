import { GillnetError } from '../../lib/errors.js';
import { requireFinite } from '../../lib/model/finite.js';
import { readSafetensors } from '../../lib/model/formats/safetensors.js';
import { withoutPrefixes } from '../../lib/model/formats/state-dict.js';
import { readTorchFile } from '../../lib/model/formats/torch-file.js';
import type { NativeState } from '../../lib/native.js';
import { type Random, random } from '../../lib/random.js';
import { rarely, safetensors, torchArchive, torchLegacy } from './structures.js';

export interface Case {
  kind: 'archive' | 'legacy' | 'safetensors';
  bytes: Buffer;
}

/** Cases by their numbers: each is drawn from the seed and its number alone. */
export function caseOf(seed: number, number: number): Case {
  const draw = random(seed, 'fuzz', number);
  const kind = draw.pick(['archive', 'archive', 'legacy', 'safetensors'] as const);
  const make = { archive: torchArchive, legacy: torchLegacy, safetensors }[kind];
  return { kind, bytes: mutatedBytes(draw, make(draw)) };
}

function mutatedBytes(draw: Random, whole: Buffer): Buffer {
  const kind = draw.integer(16);
  if (kind === 0) return whole.subarray(0, draw.integer(whole.length + 1));
  if (kind === 1)
    return Buffer.concat([whole, Buffer.alloc(1 + draw.integer(40), draw.integer(256))]);
  if (kind === 2) return Buffer.concat([Buffer.alloc(1 + draw.integer(9)), whole]);
  const bytes = Buffer.from(whole);
  for (let flips = kind === 3 ? 1 + draw.integer(4) : 0; flips > 0; flips -= 1) {
    if (bytes.length > 0)
      bytes[draw.integer(bytes.length)] = rarely(draw, 3) ? 255 : draw.integer(256);
  }
  return bytes;
}

const longestMessage = 1000;
/** Of bytes, of a reader's arrays beyond four times the file. */
const slack = 64 * 1024;

/**
 * Reads the file as a command would and touches each byte that it gives.
 * @returns whether it was read or refused
 * @throws Error for anything that a reader must not do
 */
export function check({ kind, bytes }: Case): 'read' | 'refused' {
  let state: NativeState;
  try {
    const given = kind === 'safetensors' ? readSafetensors(bytes) : readTorchFile(bytes).state;
    state = withoutPrefixes(given);
    requireFinite(state);
  } catch (error) {
    if (!(error instanceof GillnetError) || error.code !== 'BAD_MODEL_FILE') throw error;
    const { message } = error;
    if (message.length > longestMessage)
      throw new Error(`A message of ${message.length} characters`);
    if (/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(message)) {
      throw new Error(`A message with control characters: ${JSON.stringify(message)}`);
    }
    return 'refused';
  }
  let total = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(state)) {
    const width = dtype === 'int64' ? 8 : 4;
    const expected = shape.reduce((product, size) => product * size, width);
    if (data.length !== expected)
      throw new Error(`${name} has ${data.length} bytes, not ${expected}`);
    let sum = 0;
    for (const byte of data) sum += byte;
    if (!Number.isFinite(sum)) throw new Error(`${name} holds what is no byte`);
    total += data.length;
  }
  if (total > 4 * bytes.length + slack) throw new Error(`${total} bytes of ${bytes.length}`);
  return 'read';
}
