/**
 * What bench/serving.ts measures beside: onnxruntime-node behind the same HTTP server, as one writes it in a page; each
 * request is a run of the session.
 *
 *   node dist/bench/serving-onnx.js --ort FOLDER --onnx FILE --classes N
 */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fastify } from 'fastify';
import { rank } from '../lib/metrics/softmax.js';
import { imageNetMean, imageNetStd } from '../lib/model/normalization.js';
import { decode } from '../lib/photos/decode.js';
import { imageSize } from './inference-network.js';

/** What onnxruntime-node is used for here; it is no dependency. */
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

const { values } = parseArgs({
  options: {
    ort: { type: 'string', default: '.' },
    onnx: { type: 'string', default: '' },
    classes: { type: 'string', default: '5' },
  },
});
const required = createRequire(path.join(path.resolve(values.ort), 'package.json'));
const { InferenceSession, Tensor } = required('onnxruntime-node') as Runtime;
const session = await InferenceSession.create(values.onnx, {
  intraOpNumThreads: availableParallelism(),
  graphOptimizationLevel: 'all',
});
const classes = Array.from({ length: Number(values.classes) }, (_, index) => `class ${index}`);
const area = imageSize ** 2;
/** By channel, what a pixel's value becomes. */
const normalized = imageNetMean.map((mean, channel) =>
  Float32Array.from(
    { length: 256 },
    (_, value) => (value / 255 - mean) / (imageNetStd[channel] ?? 1),
  ),
) as [Float32Array, Float32Array, Float32Array];

function inputOf(pixels: Uint8Array): object {
  const input = new Float32Array(3 * area);
  for (const [channel, table] of normalized.entries()) {
    for (let place = 0; place < area; place += 1) {
      input[channel * area + place] = table[pixels[3 * place + channel] as number] as number;
    }
  }
  return new Tensor('float32', input, [1, 3, imageSize, imageSize]);
}

const app = fastify();
app.addContentTypeParser('image/jpeg', { parseAs: 'buffer' }, (_request, body, done) =>
  done(null, body),
);
app.post<{ Body: Buffer }>('/v1/predict', async ({ body }) => {
  const { logits } = await session.run({ input: inputOf(await decode(body, imageSize)) });
  return { predictions: [{ ranked: rank(logits?.data as Float32Array, classes) }] };
});
await app.listen({ host: '127.0.0.1', port: 0 });
console.log(`at ${app.listeningOrigin};`);
