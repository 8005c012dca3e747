/**
 * What bench/serving.ts measures beside: onnxruntime-node behind the same HTTP server, as one writes it in a page; each
 * request is a run of the session.
 *
 *   node dist/bench/serving-onnx.js --ort FOLDER --onnx FILE --classes N
 */
import { parseArgs } from 'node:util';
import { fastify } from 'fastify';
import { rank } from '../lib/metrics/softmax.js';
import { decode } from '../lib/photos/decode.js';
import { imageSize } from './inference-network.js';
import { openSession } from './onnxruntime.js';

const { values } = parseArgs({
  options: {
    ort: { type: 'string', default: '.' },
    onnx: { type: 'string', default: '' },
    classes: { type: 'string', default: '5' },
  },
});
const session = await openSession(values.ort, values.onnx);
const classes = Array.from({ length: Number(values.classes) }, (_, index) => `class ${index}`);

const app = fastify();
app.addContentTypeParser('image/jpeg', { parseAs: 'buffer' }, (_request, body, done) =>
  done(null, body),
);
app.post<{ Body: Buffer }>('/v1/predict', async ({ body }) => {
  const input = session.inputOf(await decode(body, imageSize), 1);
  return { predictions: [{ ranked: rank(await session.run(input), classes) }] };
});
await app.listen({ host: '127.0.0.1', port: 0 });
console.log(`at ${app.listeningOrigin};`);
