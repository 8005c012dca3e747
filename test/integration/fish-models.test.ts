import { readdirSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { infersInt8 } from '../../lib/model/int8.js';
import { programs } from '../servers/programs.js';
import { ended, startGillnet } from '../support/command.js';
import { ofType } from '../support/events.js';
import { runPython } from '../support/interoperability.js';
import { shared, suite, temporaryFolder } from '../support/suite.js';

const test = suite('models of real photos, between gillnet and Python');

const { torchPython } = programs;
const weights = shared('data', 'weights', 'resnet18-rebuilt.pth');
const data = shared('data', 'fish');
const needs = [torchPython, weights, data];
const work = temporaryFolder();
const size = 96;
/** Test photos whose label may differ: Pillow's pixels differ by 1 at most where a JPEG is decoded otherwise. */
const mostApart = { imported: 1, trainedHere: 6 };

/** Of validation accuracy in int8. */
const mostLost = 0.02;

const photos = readdirSafely(path.join(data, 'test')).flatMap((label) =>
  readdirSafely(path.join(data, 'test', label)).map((name) => path.join(data, 'test', label, name)),
);
const labelOf = (photo: string) => path.basename(path.dirname(photo));

function readdirSafely(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

async function gillnet(...args: string[]) {
  const outcome = await ended(startGillnet([...args, '--json'], { cwd: work }));
  assert.is(outcome.status, 0, outcome.stderr + outcome.stdout.slice(-2000));
  return outcome;
}

/** Labels by photo, as the newest model here predicts them. */
async function predicted(): Promise<Map<string, string>> {
  const { events } = await gillnet('predict', ...photos);
  return new Map(ofType(events, 'predicted').map(({ photo, label }) => [photo, label]));
}

const right = (labels: Map<string, string>) =>
  [...labels].filter(([photo, label]) => label === labelOf(photo)).length;

/** Asserts that all photos but a few have one label on both sides, and tells how many have not. */
function assertAgree(here: Map<string, string>, there: Map<string, string>, most: number): void {
  assert.equal([...here.keys()].sort(), [...there.keys()].sort());
  const apart = [...here].filter(([photo, label]) => there.get(photo) !== label);
  console.log(
    `${apart.length} of ${here.size} labels differ; right here ${right(here)}, in Python ${right(there)}`,
  );
  assert.ok(apart.length <= most, `${apart.length} labels differ`);
}

const judged = (model: string) =>
  new Map(
    Object.entries(
      runPython<Record<string, string>>(torchPython, 'fish.py', 'judge', model, data, String(size)),
    ),
  );

test.needs(needs, 'a head fitted in Python predicts the same labels here', async () => {
  const file = path.join(work, 'fitted.pth');
  const args = ['head', weights, data, String(size), file];
  const names = runPython<string[]>(torchPython, 'fish.py', ...args);
  await gillnet('models', 'import', file, '--classes', names.join(), '--image-size', String(size));
  const here = await predicted();
  assert.ok(right(here) > photos.length / 2, 'it has learnt something');
  assertAgree(here, judged(file), mostApart.imported);
});

test.needs(needs, 'a model trained here judges the test photos alike in Python', async () => {
  const { events } = await gillnet(
    ...['train', '--data', data, '--weights', weights, '--recipe', 'classic', '--epochs', '1'],
    ...[
      '--image-size',
      String(size),
      '--lr',
      '1e-4',
      '--policy',
      'allow',
      '--trust-labels',
      '--int8',
    ],
  );
  if (infersInt8()) {
    const [{ valAccuracy = 0, float32Accuracy = 1 } = {}] = ofType(events, 'quantized');
    console.log(`validation accuracy ${valAccuracy} in int8, ${float32Accuracy} in float32`);
    assert.ok(Math.abs(valAccuracy - float32Accuracy) < mostLost);
  }
  const [saved] = ofType(events, 'saved');
  const there = judged(path.join(work, '.gillnet/models', saved?.model ?? ''));
  const [evaluated] = ofType((await gillnet('evaluate')).events, 'evaluated');
  const here = await predicted();
  const { confusion = [], photos: count = 0 } = evaluated ?? {};
  assert.is(count, photos.length);
  const diagonal = confusion.reduce((sum, row, index) => sum + (row[index] ?? 0), 0);
  assert.is(diagonal, right(here), 'evaluate and predict are one');
  assertAgree(here, there, mostApart.trainedHere);
});

test.run();
