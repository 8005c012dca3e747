import './support/small-network.js';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { infersInt8 } from '../lib/model/int8.js';
import { encodeModel } from '../lib/model/model-file.js';
import { listModels, readModel } from '../lib/model/registry.js';
import { openStore } from '../lib/store/open.js';
import { type Ended, ended, startGillnet, startPredict } from './support/command.js';
import { ofType } from './support/events.js';
import { gillnetHere, type Moment } from './support/here.js';
import { writeColouredPhotos } from './support/photos.js';
import { suite, temporaryFolder } from './support/suite.js';
import { writeRandomWeights } from './support/weights.js';

const test = suite('a run with int8');

const cwd = temporaryFolder();
const models = path.join(cwd, 'models');
const places = ['--models', models, '--json'];
/** A head fitted to what a random network sees of colours is sure of them. */
const trainingFlags = [
  ...['--data', 'data', '--validation', 'catalog', '--weights', 'weights.pt', '--trust-labels'],
  ...['--recipe', 'quick', '--epochs', '1', '--batch-size', '20', '--image-size', '64'],
  ...['--int8', ...places],
];
const photo = 'data/test/Carp/1.png';

await writeColouredPhotos(path.join(cwd, 'data'));
await writeRandomWeights(path.join(cwd, 'weights.pt'), 5);

const gillnet = (args: string[], moment?: Moment) => gillnetHere(args, { cwd }, moment);

function answersOf({ status, events, stderr }: Pick<Ended, 'status' | 'events' | 'stderr'>) {
  assert.is(status, 0, stderr);
  return ofType(events, 'predicted').map(({ time: _, ...told }) => told);
}

if (infersInt8()) {
  test('a run that is stopped while it quantizes does so when it goes on, and keeps it in its model', async () => {
    const act = () => void process.emit('SIGINT');
    const atQuantize = { told: /"stage":"quantize"/, act };
    const stopped = await gillnet(['train', ...trainingFlags], atQuantize);
    assert.is(stopped.status, 130, stopped.stderr);
    assert.equal(ofType(stopped.events, 'saved'), []);
    const run = ofType(stopped.events, 'done')[0]?.run ?? '';

    const { status, events, stderr } = await gillnet(['train', '--resume', run, ...places]);
    assert.is(status, 0, stderr);
    assert.is(ofType(events, 'step').length, 0, 'nothing is trained again');
    const [quantized] = ofType(events, 'quantized');
    assert.equal([quantized?.photos, quantized?.kept], [20, true]);
    const { description } = await readModel(await openStore(models));
    assert.is(description.int8?.valAccuracy, quantized?.valAccuracy);
    assert.is(description.metrics?.valAccuracy, quantized?.float32Accuracy);
    const shown = await gillnet(['models', 'show', '--models', models]);
    assert.match(shown.stdout, /^int8 +\d+\.\d % of validation right$/m);
  });

  test('its model predicts and is judged in int8 where that is asked for', async () => {
    const [exact, rough, started] = [
      await gillnet(['predict', photo, ...places]),
      await gillnet(['predict', photo, '--int8', ...places]),
      await ended(startPredict([photo, '--int8', ...places], { cwd })),
    ].map(answersOf);
    assert.is(rough?.length, 1);
    assert.equal(started, rough);
    assert.is(rough?.[0]?.label, exact?.[0]?.label);
    assert.is.not(rough?.[0]?.confidence, exact?.[0]?.confidence);

    const judging = ['evaluate', '--split', 'val', ...places];
    const [float32, int8] = [await gillnet(judging), await gillnet([...judging, '--int8'])].map(
      ({ events }) => ofType(events, 'evaluated')[0],
    );
    assert.equal([float32?.int8, int8?.int8], [false, true]);
    assert.is.not(int8?.logLoss, float32?.logLoss);
    const { description } = await readModel(await openStore(models));
    assert.is(int8?.accuracy, description.int8?.valAccuracy);
  });

  test('a model that is not calibrated for it is refused by name, with the next step', async () => {
    const { description, state } = await readModel(await openStore(models));
    const { int8: _, ...plain } = description;
    mkdirSync(path.join(cwd, 'plain'));
    const file = path.join(cwd, 'plain', 'plain.pt');
    writeFileSync(file, encodeModel({ description: plain, state }));
    for (const args of [['predict', photo], ['evaluate']]) {
      const { status, events } = await gillnet([...args, '--int8', '--model', file, ...places]);
      assert.is(status, 2);
      const [error] = ofType(events, 'error');
      assert.is(error?.code, 'USAGE');
      assert.match(error?.message ?? '', /plain\.pt is not calibrated .* `gillnet train --int8`/);
    }
  });
}

test('without the instructions for it a training ends well, with a warning, and nothing infers in int8', async () => {
  // They are chosen once in a process.
  const program = { cwd, env: { GILLNET_KERNELS: 'none' } };
  const args = ['train', ...trainingFlags, '--validation', 'split'];
  const { status, events, stderr } = await ended(startGillnet(args, program));
  assert.is(status, 0, stderr);
  const codes = ofType(events, 'warning').map(({ code }) => code);
  assert.ok(codes.includes('NOT_QUANTIZED'), codes.join());
  const [saved] = ofType(events, 'saved');
  const { description } = await readModel(await openStore(models), saved?.model);
  assert.is(description.int8, undefined);
  if (!infersInt8()) return;
  const [calibrated = ''] = (await listModels(await openStore(models))).filter(
    (name) => name !== saved?.model,
  );
  const predicting = ['predict', photo, '--int8', '--model', calibrated, ...places];
  const refused = await ended(startGillnet(predicting, program));
  assert.is(refused.status, 1);
  assert.match(ofType(refused.events, 'error')[0]?.message ?? '', /AVX2.* Leave out `--int8`/);
});

test.run();
