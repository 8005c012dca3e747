import type { CatalogPhoto } from '../catalog/catalog.js';
import { defaultSeed, defaults, type Settings } from '../config.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import { Pictures } from '../pipeline/pictures.js';
import { draw, predict, toPredict, triedPhotos } from '../pipeline/predict.js';
import type { Ranks } from '../ranks/ranks.js';
import { Run } from '../runs.js';
import type { Context, Stages } from './drive.js';
import { evaluating } from './evaluating.js';
import { guarding } from './guarding.js';
import { gatherFingerprinted, readerOf } from './places.js';
import { recording } from './recording.js';
import { sample } from './sample.js';
import { tracking } from './tracking.js';
import { describing } from './training/publishing.js';
import { claim, refuseChangedFiles, resumedSettings } from './training/resuming.js';
import { settingUp } from './training/setting-up.js';
import { together } from './training/together.js';
import { training } from './training/training.js';

/** extract → guard → train → evaluate → predict, on the generated sample when no data is given. */
export const run: Stages = (settings, context) => inRanks(settings, context, true);

/** Trains from `--data`, or from what the catalog holds. */
export const trainOnly: Stages = (settings, context) => inRanks(settings, context, false);

async function* inRanks(
  given: Settings,
  context: Context,
  judge: boolean,
): AsyncGenerator<GillnetEvent, void> {
  yield* together(given, context, async function* (settings, ranks) {
    if (settings.serve !== undefined) {
      // A server is loaded only for those who want one.
      const { showing } = await import('./serving/showing.js');
      await showing(settings.serve, settings, context);
    }
    const whole = judge ? yield* withData(settings, context) : settings;
    yield* trainAndJudge(whole, context, judge, ranks);
  });
}

/** The settings, with the generated sample where they name no data; a resumed run has its photos in the catalog. */
async function* withData(
  settings: Settings,
  context: Context,
): AsyncGenerator<GillnetEvent, Settings> {
  if (settings.data !== undefined || settings.resume !== undefined) return settings;
  yield event('warning', {
    code: 'SAMPLE',
    message: `No --data given: running on photos of fish that gillnet draws itself, in ${defaults.sample}.`,
  });
  // The seed is the training's: the photos are those that are there.
  yield* sample({}, context, defaults.sample);
  return { weights: 'none', ...settings, data: defaults.sample };
}

async function* trainAndJudge(
  given: Settings,
  context: Context,
  judge: boolean,
  ranks: Ranks | null,
): AsyncGenerator<GillnetEvent, void> {
  const { signal } = context;
  const { resume } = given;
  const resumed = resume === undefined ? null : await Run.open(given.runs, resume);
  const settings = resumed ? await resumedSettings(resumed, given) : given;
  let began = performance.now();
  const { store, ...gathered } = yield* gatherFingerprinted(settings, context);
  if (resumed && settings.data === undefined)
    await refuseChangedFiles(resumed, store, gathered.photos);
  const run = resumed ?? (await Run.create(settings.runs));
  await claim(run, context);
  const report = await recording(run, context);
  const command = judge ? 'run' : 'train';
  await tracking(run, settings, context, { command, data: store.location });
  const reader = readerOf(store, settings);
  const pictures = new Pictures((photo) => reader.thumbnail(photo));
  const kept = yield* guarding({ ...gathered, pictures, settings, run, signal });
  const test = kept.filter((photo) => photo.split === 'test');

  const { answers } = context;
  let settled = settings;
  if (answers && !settings.yes && !resumed) {
    const asked = performance.now();
    const data = store.location;
    settled = yield* settingUp({ photos: kept, reader, data, settings, answers, signal });
    // What a person takes to decide is not the run's time.
    began += performance.now() - asked;
  }
  const { classifier, published, best, interrupted, checkpoints } = yield* training({
    ...{ photos: kept, reader, pictures, run, settings: settled, context },
    ...{ ranks, data: store.location },
  });
  const judges = judge && published !== null && test.length > 0;
  const read = (photo: CatalogPhoto) => reader.pixels(photo, classifier.imageSize);
  let testAccuracy: number | null = null;
  try {
    try {
      if (judges) {
        const judging = {
          ...{ classifier, model: published.model, photos: test, read, pictures },
          ...{ size: classifier.imageSize, signal, split: 'test' },
        };
        testAccuracy = yield* evaluating(judging, run, report);
      }
    } finally {
      // Also when a person has stopped it: the model is there.
      if (published) yield* describing(published, report.known());
    }
    if (judges) {
      yield event('stage', { stage: 'predict', detail: `${triedPhotos} random photos of test` });
      const drawn = toPredict(draw(test, triedPhotos, settings.seed ?? defaultSeed), read);
      yield* predict({ classifier, photos: drawn, top: settings.top, signal });
    }
    if (published) await checkpoints.forget();
    yield event('done', {
      ...{ run: run.id, model: published?.model ?? null, interrupted, testAccuracy },
      valAccuracy: best?.valAccuracy ?? null,
      leaks: test.filter(({ seen }) => seen).length,
      seconds: (performance.now() - began) / 1000,
    });
  } finally {
    classifier.dispose();
  }
}
