/** onnxruntime-node as the programs of the bench use it, from a folder where npm has installed it; it is no dependency. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { imageNetMean, imageNetStd } from '../lib/model/normalization.js';
import { imageSize } from './inference-network.js';

interface Runtime {
  InferenceSession: {
    create(
      model: string,
      options: object,
    ): Promise<{
      run(feeds: object): Promise<Record<string, { data: Float32Array }>>;
    }>;
  };
  Tensor: new (type: 'float32', data: Float32Array, dims: number[]) => object;
}

/** A network in ONNX, on all processors. */
export interface Session {
  name: string;
  /** What it takes of pixels: uint8 [count, size, size, 3]. */
  inputOf(pixels: Uint8Array, count: number): object;
  /** Logits of an input: float32 [count, classes]. */
  run(input: object): Promise<Float32Array>;
}

/** @param ort the folder @param onnx the network's file */
export async function openSession(ort: string, onnx: string): Promise<Session> {
  const required = createRequire(path.join(path.resolve(ort), 'package.json'));
  const { InferenceSession, Tensor } = required('onnxruntime-node') as Runtime;
  const session = await InferenceSession.create(onnx, {
    intraOpNumThreads: availableParallelism(),
    graphOptimizationLevel: 'all',
  });
  return {
    name: `onnxruntime-node ${required('onnxruntime-node/package.json').version}`,
    inputOf(pixels, count) {
      const dims = [count, 3, imageSize, imageSize];
      return new Tensor('float32', normalizedOf(pixels, count), dims);
    },
    run: async (input) => (await session.run({ input })).logits?.data as Float32Array,
  };
}

/** By channel, what a pixel's value becomes. */
const tables = imageNetMean.map((mean, channel) =>
  Float32Array.from(
    { length: 256 },
    (_, value) => (value / 255 - mean) / (imageNetStd[channel] as number),
  ),
);

/** @returns float32 [count, 3, size, size] */
function normalizedOf(pixels: Uint8Array, count: number): Float32Array {
  const area = imageSize ** 2;
  const normalized = new Float32Array(3 * count * area);
  for (let photo = 0; photo < count; photo += 1) {
    const first = 3 * photo * area;
    for (const [channel, table] of tables.entries()) {
      for (let place = 0; place < area; place += 1) {
        const value = pixels[first + 3 * place + channel] as number;
        normalized[first + channel * area + place] = table[value] as number;
      }
    }
  }
  return normalized;
}
