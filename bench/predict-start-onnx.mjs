// onnxruntime-node's side of predict-start.ts: node predict-start-onnx.mjs FOLDER MODEL PHOTO CLASSES.
// The session is made while the photo is decoded.
import { createRequire } from 'node:module';
import path from 'node:path';

const [folder, model, photo, classes] = process.argv.slice(2);
const require = createRequire(path.join(folder, 'package.json'));
const ort = require('onnxruntime-node');
const sharp = require('sharp');

const size = 224;
const mean = [0.485, 0.456, 0.406];
const std = [0.229, 0.224, 0.225];
const [session, pixels] = await Promise.all([
  ort.InferenceSession.create(model),
  sharp(photo)
    .removeAlpha()
    .resize(size, size, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false })
    .raw()
    .toBuffer(),
]);
const input = new Float32Array(3 * size * size);
for (let channel = 0; channel < 3; channel += 1) {
  for (let at = 0; at < size * size; at += 1) {
    input[channel * size * size + at] =
      (pixels[at * 3 + channel] / 255 - mean[channel]) / std[channel];
  }
}
const { logits } = await session.run({
  input: new ort.Tensor('float32', input, [1, 3, size, size]),
});
const largest = Math.max(...logits.data);
const powers = Array.from(logits.data, (logit) => Math.exp(logit - largest));
const sum = powers.reduce((a, b) => a + b, 0);
const best = powers.indexOf(Math.max(...powers));
console.log(
  JSON.stringify({
    label: JSON.parse(classes)[best],
    confidence: powers[best] / sum,
    version: ort.env.versions.node,
  }),
);
