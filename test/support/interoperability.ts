import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Architecture } from '../../lib/model/architecture.js';
import { Classifier } from '../../lib/model/classifier.js';
import type { ModelDescription, ModelToExport } from '../../lib/model/model-file.js';
import { random } from '../../lib/random.js';
import { descriptionWith } from './models.js';
import { root } from './suite.js';

export const size = 64;
export const classes = ['Catfish', 'Gold Fish', 'Meeräsche 🐟'];
/** Photos that are scored here and elsewhere. */
const count = 4;

export const described = (architecture: Architecture): ModelDescription =>
  descriptionWith({
    ...{ architecture, classes, temperature: 1.5 },
    ...{ recipe: null, metrics: null, photos: null, dataFingerprint: null },
  });

/** uint8 [count, size, size, 3] */
export function drawnPixels(): Uint8Array {
  const draw = random(11, 'pixels');
  return Uint8Array.from({ length: count * size * size * 3 }, () => draw.integer(256));
}

const batch = (pixels: Uint8Array) => ({ pixels, count, height: size, width: size });

/** A network that has seen a batch, so that no norm has what it began with, and what it scores afterwards. */
export async function trainedModel(
  architecture: Architecture,
  pixels: Uint8Array,
): Promise<{ model: ModelToExport; logits: Float32Array }> {
  const classifier = new Classifier({ architecture, classes, imageSize: size, seed: 3 });
  try {
    const labels = Int32Array.from({ length: count }, (_, index) => index % classes.length);
    await classifier.trainStep({ ...batch(pixels), labels }, { learningRate: 1e-4 });
    const logits = await classifier.predict(batch(pixels));
    const state = await classifier.state();
    return { model: { description: described(architecture), state }, logits };
  } finally {
    classifier.dispose();
  }
}

/** What a model scores here: float32 [count, classes]. */
export async function scored(model: ModelToExport, pixels: Uint8Array): Promise<Float32Array> {
  const classifier = await Classifier.of(model);
  try {
    return await classifier.predict(batch(pixels));
  } finally {
    classifier.dispose();
  }
}

/** Runs a program of test/fixtures/interoperability. @returns what it prints, as JSON */
export function runPython<T>(python: string, program: string, ...args: string[]): T {
  const file = path.join(root, 'test/fixtures/interoperability', program);
  const printed = execFileSync(python, [file, ...args], { encoding: 'utf8' });
  return JSON.parse(printed.trim().split('\n').at(-1) as string);
}

/** What those programs need to know of a model. */
export function toPython(folder: string, pixels: Uint8Array, architecture: Architecture): string {
  writeFileSync(path.join(folder, 'pixels'), pixels);
  const { mean, std } = described(architecture);
  return JSON.stringify({ architecture, size, classes: classes.length, mean, std });
}

/** Asserts that logits agree to a part of the largest. */
export function assertNear(found: ArrayLike<number>, expected: Float32Array, part: number): void {
  assert.is(found.length, expected.length);
  const largest = Math.max(1, ...expected.map(Math.abs));
  const apart = Math.max(...expected.map((value, index) => Math.abs(value - Number(found[index]))));
  assert.ok(apart <= part * largest, `${apart} apart, where the largest logit is ${largest}`);
}
