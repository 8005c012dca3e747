import type { CatalogPhoto } from '../../catalog/catalog.js';
import { defaultSeed, type Settings } from '../../config.js';
import { countBy } from '../../count-by.js';
import { codeOf, GillnetError, messageOf } from '../../errors.js';
import {
  type Architecture,
  architectureOf,
  architectures,
  defaultArchitecture,
} from '../../model/architecture.js';
import { arithmeticOf, Classifier, setThreads } from '../../model/classifier.js';
import { type Device, findDevice } from '../../model/device.js';
import { fastestDtype } from '../../model/dtype.js';
import { aboutWeights } from '../../model/imagenet.js';
import { loadWeights } from '../../model/weights.js';
import { loadAddon } from '../../native.js';
import type { PhotoReader } from '../../photos/reader.js';
import { event, type GillnetEvent } from '../../pipeline/events.js';
import type { GuardedPhoto } from '../../pipeline/guard.js';
import { type MeasureOptions, measure } from '../../pipeline/measure.js';
import {
  type Answers,
  type Choice,
  type ClassCount,
  type Timing,
  withWeights,
} from '../../pipeline/proposal.js';
import { recipeOf } from '../../pipeline/recipes.js';
import { random } from '../../random.js';
import { type Partition, partition } from './partition.js';

export interface SettingUpInput {
  /** What the guard has left. */
  photos: GuardedPhoto[];
  reader: Pick<PhotoReader, 'pixels'>;
  /** Where the photos lie. */
  data: string;
  settings: Settings;
  answers: Answers;
  signal: AbortSignal;
}

/**
 * Proposes a training to a person, and measures what it would take while they look.
 * @returns the settings with what was chosen
 * @throws GillnetError NOT_ENOUGH_PHOTOS, USAGE, INTERRUPTED, NOT_FOUND or BAD_MODEL_FILE for the weights given
 */
export async function* settingUp(input: SettingUpInput): AsyncGenerator<GillnetEvent, Settings> {
  const { photos, data, settings, signal } = input;
  const parts = partition(photos, settings, settings.seed ?? defaultSeed);
  const given = settings.weights ?? 'imagenet';
  // Refused here rather than on the screen.
  recipeOf(settings, given !== 'none');
  const isFile = !['imagenet', 'none'].includes(given);
  const ofFile = isFile ? architectureOf((await loadWeights(given)).state) : null;
  const architecture = settings.architecture ?? ofFile ?? defaultArchitecture;
  const weights = await Promise.all(
    [...new Set([given, 'imagenet', 'none'])].map(async (source) => ({
      ...{ source, about: await aboutEach(source) },
    })),
  );
  setThreads(settings.threads);
  const { memory } = settings;
  // The training tells of a card that is missing.
  const { device: best } = await findDevice('auto');
  const devices: Device[] = ['auto', 'cpu', ...(best === 'cpu' ? [] : [best])];
  const classes = classCounts(parts, photos);
  const threads = loadAddon().threads();
  const { recipe, epochs, batchSize, lr, imageSize, device } = settings;
  let choice: Choice = {
    ...{ architecture, recipe, epochs, batchSize, lr, imageSize, weights: given, device },
  };
  for (let refused: string | null = null; ; ) {
    yield event('proposed', {
      ...{ data, classes, choice, weights, devices, threads, memory, refused },
    });
    choice = yield* chosen(choice, parts, input);
    try {
      if (choice.weights === 'imagenet') {
        await loadWeights(choice.weights, { architecture: choice.architecture, signal });
      }
      return { ...settings, ...choice };
    } catch (error) {
      // Somebody is there to choose others, or to agree to random ones.
      if (codeOf(error) !== 'WEIGHTS_UNAVAILABLE') throw error;
      refused = `${messageOf(error)} Random weights are chosen for now.`;
      choice = withWeights(choice, 'none');
    }
  }
}

/** What the person starts with; meanwhile measures what is looked at. */
async function* chosen(
  first: Choice,
  parts: Partition,
  input: SettingUpInput,
): AsyncGenerator<GillnetEvent, Choice> {
  const { answers, signal } = input;
  let wanted: Choice | null = first;
  for (;;) {
    if (signal.aborted) {
      throw new GillnetError('INTERRUPTED', 'Left before the training began: nothing was trained.');
    }
    for (const answer of answers.all()) {
      if (answer.kind === 'start') return answer.choice;
      wanted = answer.choice;
    }
    const more = answers.more(signal);
    if (wanted) {
      // Whoever answers need not wait for it.
      const answered = new AbortController();
      void more.then(() => answered.abort());
      const timing = await timingOf(wanted, parts, input, answered.signal);
      if (!answered.signal.aborted) yield event('measured', { choice: wanted, timing });
      wanted = null;
    }
    await more;
  }
}

async function timingOf(
  choice: Choice,
  { train, classes }: Partition,
  { reader, settings }: Pick<SettingUpInput, 'reader' | 'settings'>,
  signal: MeasureOptions['signal'],
): Promise<Timing | null> {
  const recipe = recipeOf(choice, choice.weights !== 'none');
  const { imageSize, decodeSize, optimizer } = recipe;
  // Other ones each time: what has been read once is at hand.
  const photos = random(Date.now(), 'measure').shuffle(train);
  const { architecture } = choice;
  const { device, card } = await findDevice(choice.device);
  const classifier = new Classifier({
    ...{ architecture, classes, imageSize, optimizer, device },
    ...arithmeticOf(settings, fastestDtype(card)),
  });
  try {
    const read = (photo: CatalogPhoto) => reader.pixels(photo, decodeSize);
    return await measure({ classifier, photos, read, recipe, signal });
  } catch (error) {
    if (!(error instanceof GillnetError)) throw error;
    return null;
  } finally {
    classifier.dispose();
  }
}

async function aboutEach(source: string): Promise<Record<Architecture, string>> {
  const names = Object.keys(architectures) as Architecture[];
  const about = names.map(async (name) => [name, await aboutWeights(source, name)] as const);
  return Object.fromEntries(await Promise.all(about)) as Record<Architecture, string>;
}

function classCounts({ train, val, classes }: Partition, all: CatalogPhoto[]): ClassCount[] {
  const counts = (photos: CatalogPhoto[]) => countBy(photos.map(({ label }) => label));
  const test = counts(all.filter(({ split }) => split === 'test'));
  const [trained, validated] = [counts(train), counts(val)];
  return [...new Set([...classes, ...test.keys()])]
    .map((label) => ({
      label,
      train: trained.get(label) ?? 0,
      val: validated.get(label) ?? 0,
      test: test.get(label) ?? 0,
    }))
    .sort((a, b) => a.train - b.train || (a.label < b.label ? -1 : 1));
}
