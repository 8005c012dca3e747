import './support/small-network.js';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { evaluate } from '../lib/commands/evaluate.js';
import { run } from '../lib/commands/run.js';
import type { Settings } from '../lib/config.js';
import { readModel } from '../lib/model/registry.js';
import type { GillnetEvent } from '../lib/pipeline/events.js';
import { openStore } from '../lib/store/open.js';
import { eventsOf, ofType } from './support/events.js';
import { writeColouredPhotos } from './support/photos.js';
import { suite, temporaryFolder } from './support/suite.js';
import { writeRandomWeights } from './support/weights.js';

const test = suite('a run that is calibrated');

const work = temporaryFolder();
const settings: Settings = {
  ...{ catalog: `sqlite:${path.join(work, 'catalog.db')}`, device: 'auto', policy: 'quarantine' },
  ...{ models: path.join(work, 'models'), runs: path.join(work, 'runs'), split: 'test' },
  ...{ validation: 'catalog', valFraction: 0.2, memory: 1e9, downloadCache: 0 },
  ...{ weights: path.join(work, 'weights.pt'), threads: 1, trustLabels: true },
};
/** A head fitted to what a random network sees of colours is right where they do not mislead. */
const fresh: Settings = {
  ...settings,
  ...{ data: path.join(work, 'data'), recipe: 'quick', epochs: 1, batchSize: 20, imageSize: 64 },
};

test('the temperature is fitted once, also after a stop, kept in the model and used wherever it judges', async () => {
  await writeColouredPhotos(path.join(work, 'data'));
  await writeRandomWeights(settings.weights ?? '', 5);
  const stopped = await eventsOf(
    run,
    fresh,
    (event) => event.type === 'stage' && event.stage === 'calibrate',
  );
  const done = ofType(stopped, 'done')[0] as GillnetEvent<'done'>;
  assert.equal([done.interrupted, done.model], [true, null]);
  assert.equal([ofType(stopped, 'calibrated'), ofType(stopped, 'saved')], [[], []]);
  const events = await eventsOf(run, { ...settings, resume: done.run });
  assert.is(ofType(events, 'step').length, 0, 'nothing is trained again');
  assert.is(ofType(events, 'saved').length, 1);
  const [calibrated] = ofType(events, 'calibrated');
  const [evaluated] = ofType(events, 'evaluated');
  assert.is(calibrated?.photos, 56, ofType(events, 'warning')[0]?.message);
  assert.is(evaluated?.temperature, calibrated?.temperature);
  assert.is.not(evaluated?.ece, evaluated?.eceUncalibrated);
  const folder = path.dirname(evaluated?.report ?? '');
  const figures = JSON.parse(await readFile(path.join(folder, 'metrics.json'), 'utf8'));
  assert.is(figures.eceUncalibrated, evaluated?.eceUncalibrated);
  const table = await readFile(path.join(folder, 'confusion.csv'), 'utf8');
  assert.match(table, /^true label,Carp,Perch\r\nCarp,\d+,\d+\r\nPerch,\d+,\d+\r\n$/);

  const { description } = await readModel(await openStore(settings.models));
  assert.is(description.temperature, calibrated?.temperature);
  assert.is(description.threshold, calibrated?.threshold);
  const [again] = ofType(await eventsOf(evaluate, settings), 'evaluated');
  const { time: _, report: __, ...expected } = evaluated as GillnetEvent<'evaluated'>;
  const { time: ___, report: ____, ...actual } = again as GillnetEvent<'evaluated'>;
  assert.equal(actual, expected);
});

test.run();
