import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { decodeModel, type ModelDescription } from '../../lib/model/model-file.js';
import type { GillnetEvent } from '../../lib/pipeline/events.js';
import { startMlflow } from '../servers/mlflow.js';
import { programs } from '../servers/programs.js';
import { ofType } from '../support/events.js';
import { assertNear, drawnPixels, scored as logitsOf, size } from '../support/interoperability.js';
import {
  type ReadRun,
  readExperiment,
  readOnlyRun,
  runMlflowPython,
  sameCurves,
  tracked,
} from '../support/mlflow.js';
import { folderOfPhotos } from '../support/services.js';
import { suite, temporaryFolder } from '../support/suite.js';

const test = suite('runs in MLflow');
const needed = programs.mlflowPython;

const trainArgs = [
  ...['--weights', 'none', '--image-size', String(size), '--batch-size', '8', '--epochs', '2'],
  ...['--threads', '2', '--trust-labels', '--policy', 'allow'],
];
let env: Record<string, string>;
let place: ReturnType<typeof tracked>;
let log: GillnetEvent[];
let run: ReadRun;

/** uint8 [N, size, size, 3] → float32 [N, 3, size, size] */
function normalised(pixels: Uint8Array, { mean, std }: ModelDescription): Float32Array {
  const plane = size * size;
  return Float32Array.from(pixels, (_, at) => {
    const photo = Math.floor(at / (3 * plane));
    const channel = Math.floor(at / plane) % 3;
    const value = pixels[photo * 3 * plane + (at % plane) * 3 + channel] as number;
    return (value / 255 - (mean[channel] as number)) / (std[channel] as number);
  });
}

test.needs(needed, 'a run is there with its points, parameters, tags, data and files', async () => {
  ({ env } = await startMlflow());
  place = tracked('fish & more', env);
  const data = await folderOfPhotos(40);
  await place.succeeds('run', '--data', data, ...trainArgs);
  log = await place.log();
  run = await readOnlyRun(place.experiment, env);
  const [started, [guarded], [done]] = [
    ofType(log, 'started')[0] as GillnetEvent<'started'>,
    ofType(log, 'guarded'),
    ofType(log, 'done'),
  ];
  assert.is(run.name, started.run);
  assert.is(run.status, 'FINISHED');
  assert.is(run.ended, Date.parse(String(done?.time)));
  sameCurves(run, log);

  assert.is(run.params.batch_size, '8');
  assert.is(run.params.learning_rate, String(started.learningRate));
  assert.is(run.params['optimizer.algorithm'], started.optimizer);
  assert.is(run.params.train_photos, String(started.trainPhotos));
  assert.is(run.params.classes, 'Gold Fish, Mud & Co');
  assert.is(run.tags['gillnet.data_fingerprint'], started.dataFingerprint);
  assert.is(run.tags['gillnet.guard.policy'], 'allow');
  assert.is(run.tags['gillnet.guard.groups'], String(guarded?.groups));
  assert.is(run.tags['mlflow.source.name'], 'gillnet run');
  assert.ok(run.tags['gillnet.processor']);
  assert.equal(run.datasets, [
    {
      name: path.basename(data),
      digest: started.dataFingerprint.slice(0, 8),
      tags: { 'mlflow.data.context': 'training' },
    },
  ]);
  for (const name of [
    'report.html',
    'confusion.csv',
    'metrics.json',
    'model-card.md',
    'config.json',
  ]) {
    assert.ok(run.artifacts.includes(name), run.artifacts.join());
  }
});

test.needs(needed, 'its evaluation is there, by class and of the model', () => {
  const [evaluated] = ofType(log, 'evaluated');
  const { classes, accuracy, macroF1, time } = evaluated as GillnetEvent<'evaluated'>;
  const at = (value: number) => [[2, Date.parse(time), value]];
  assert.equal(run.points.test_accuracy, at(accuracy));
  assert.equal(run.points.test_macro_f1, at(macroF1));
  // Of the label's characters, `&` may not stand in a name.
  assert.equal(run.points['test_recall_by_class/Mud _x26 Co'], at(classes[1]?.recall as number));
  const [model] = run.models;
  assert.is(model?.metrics.test_accuracy, accuracy);
  const best = ofType(log, 'epoch')
    .filter(({ best }) => best)
    .at(-1);
  assert.is(model?.metrics.val_accuracy, best?.valAccuracy);
  assert.is(model?.step, best?.epoch);
});

test.needs(needed, 'its model is registered, and MLflow’s users load it', async () => {
  const [saved] = ofType(log, 'saved');
  const { model: name, sha256 } = saved as GillnetEvent<'saved'>;
  assert.is(run.models.length, 1);
  assert.is(run.models[0]?.status, 'READY');
  const alias = name.replace('.pt', '');
  const [version] = run.versions;
  assert.is(version?.name, 'fish & more');
  assert.equal(version?.aliases, [alias]);
  assert.is(version?.tags['gillnet.sha256'], sha256);
  assert.match(version?.description ?? '', /^# model_v1_/);

  const file = path.join(temporaryFolder(), 'photos');
  const bytes = readFileSync(path.join(place.cwd, '.gillnet/models', name));
  const model = decodeModel(bytes, name);
  const pixels = drawnPixels();
  writeFileSync(file, normalised(pixels, model.description));
  const scored = await runMlflowPython<{
    logits: number[][];
    classes: string[];
    state_dict: string;
    graph: string;
  }>('score.py', [`models:/fish & more@${alias}`, file, String(size)], env);
  assert.equal(scored.classes, ['Gold Fish', 'Mud & Co']);
  assert.is(scored.graph, 'resnet18');
  assert.ok(readFileSync(scored.state_dict).equals(bytes));
  assertNear(scored.logits.flat(), await logitsOf(model, pixels), 1e-4);
});

test.needs(needed, 'what a stage serves has its name there', async () => {
  const [saved] = ofType(log, 'saved');
  await place.succeeds('models', 'promote', saved?.model as string);
  const [version] = (await readOnlyRun(place.experiment, env)).versions;
  assert.ok(version?.aliases.includes('production'), version?.aliases.join());
});

test.needs(needed, 'two runs are compared by the same parameters and metrics', async () => {
  await place.succeeds('train', ...trainArgs, '--lr', '0.0005');
  const runs = await readExperiment(place.experiment, env);
  assert.is(runs.length, 2);
  const [second, first] = runs as [ReadRun, ReadRun];
  assert.equal(Object.keys(second.params).sort(), Object.keys(first.params).sort());
  const differing = Object.keys(first.params).filter(
    (key) => first.params[key] !== second.params[key],
  );
  assert.equal(differing, ['learning_rate']);
  for (const key of Object.keys(second.points)) assert.ok(first.points[key], key);
  assert.is(second.tags['gillnet.data_fingerprint'], first.tags['gillnet.data_fingerprint']);
});

test.run();
