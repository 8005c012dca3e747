import type { CatalogPhoto } from '../../catalog/catalog.js';
import type { Settings } from '../../config.js';
import { GillnetError, messageOf } from '../../errors.js';
import { arithmeticOf, Classifier, setThreads } from '../../model/classifier.js';
import { type Device, findDevice } from '../../model/device.js';
import { event, type GillnetEvent } from '../../pipeline/events.js';
import type { TrainProgress } from '../../pipeline/progress.js';
import { decodeState, encodeState, Together } from '../../pipeline/together.js';
import { train } from '../../pipeline/train.js';
import { fittingThreads } from '../../processors.js';
import { defaultRankSeconds, type Placement, placementOf } from '../../ranks/placement.js';
import { Ranks } from '../../ranks/ranks.js';
import type { Context } from '../drive.js';
import { readerOf } from '../places.js';
import { storeAt, wherever } from '../store-at.js';
import type { RunConfig } from './run-config.js';
import type { Prepared, TrainingInput } from './training.js';

/** What rank 0 tells the others of a training. */
interface Plan {
  run: string;
  config: RunConfig;
  /** Where the photos' bytes are: a folder's whole path, or a bucket. */
  data: string;
  train: CatalogPhoto[];
  val: CatalogPhoto[];
  syncBatchNorm: boolean;
  maxSeconds: number | undefined;
  /** Of the checkpoint that the training goes on from. */
  progress: TrainProgress | undefined;
}

/**
 * `lead` on rank 0, or where there is one process; on the others its training alone, until rank 0 has ended.
 * @throws GillnetError what rank 0 ended with, on all; RANK_LOST
 */
export async function* together(
  given: Settings,
  context: Context,
  lead: (settings: Settings, ranks: Ranks | null) => AsyncGenerator<GillnetEvent, void>,
): AsyncGenerator<GillnetEvent, void> {
  const placement = placementOf();
  if (!placement) return yield* lead(given, null);
  const settings = { ...given, threads: given.threads ?? threadsOf(placement) };
  const seconds = settings.rankTimeout ?? defaultRankSeconds;
  const ranks = await Ranks.join(placement, { seconds, signal: context.signal });
  try {
    if (ranks.leads) {
      let interrupted = false;
      for await (const happened of lead(settings, ranks)) {
        if (happened.type === 'done') interrupted = happened.interrupted;
        yield happened;
      }
      await ranks.end({ interrupted });
    } else {
      yield* assisting(ranks, settings, context);
    }
  } catch (error) {
    const cause = await ranks.cause(error);
    await ranks.fail(cause);
    throw cause;
  } finally {
    await ranks.leave();
  }
}

/**
 * What a rank asks for. `auto` is the processor, until trainings on several cards have been seen.
 * @throws GillnetError USAGE
 */
export function deviceOfRank(
  { device, syncBatchNorm }: Pick<Settings, 'device' | 'syncBatchNorm'>,
  { local }: Placement,
): Device {
  if (!device.startsWith('cuda')) return 'cpu';
  if (device !== 'cuda') {
    throw new GillnetError(
      'USAGE',
      `Each rank has a card of its own, by LOCAL_RANK: give \`--device cuda\` in place of ${device}.`,
    );
  }
  if (syncBatchNorm) {
    throw new GillnetError(
      'USAGE',
      '`--sync-batch-norm` is for processors: leave it out, or leave `--device cuda` out.',
    );
  }
  return `cuda:${local}`;
}

/** The cores of a machine are shared by its ranks. */
function threadsOf({ onThisMachine }: Placement): number {
  return Math.max(1, Math.floor(fittingThreads() / onThisMachine));
}

/** Waits for the other ranks and gives them all that they need to train along. @throws GillnetError RANK_LOST, USAGE */
export async function leading(
  ranks: Ranks,
  { run, data, settings, context }: TrainingInput,
  { config, parts, checkpoint }: Prepared,
  classifier: Classifier,
): Promise<Together> {
  const { batchSize } = config.recipe;
  if (batchSize < ranks.size) {
    throw new GillnetError(
      'USAGE',
      `A batch of ${batchSize} photos gives ${ranks.size} ranks not one each. \`--batch-size\` is that of all ranks ` +
        'together: give a larger one, or start fewer ranks.',
    );
  }
  await ranks.leaveWord('ready', '');
  await ranks.connect(context.signal);
  const plan: Plan = {
    ...{ run: run.id, config, train: parts.train, val: parts.val },
    data: wherever(data),
    syncBatchNorm: settings.syncBatchNorm ?? false,
    maxSeconds: settings.maxMinutes && settings.maxMinutes * 60,
    progress: checkpoint?.progress,
  };
  await ranks.first(plan);
  await ranks.broadcast(encodeState(checkpoint?.model ?? (await classifier.state())));
  await ranks.broadcast(encodeState(checkpoint?.optimizer ?? {}));
  const { requests, signal } = context;
  return new Together({ ranks, requests, signal, syncBatchNorm: plan.syncBatchNorm });
}

/** The training of a rank other than 0: its share of each batch, and nothing that stays. */
async function* assisting(
  ranks: Ranks,
  settings: Settings,
  context: Context,
): AsyncGenerator<GillnetEvent, void> {
  const { signal, requests } = context;
  setThreads(settings.threads);
  await ranks.word('ready', signal);
  await ranks.connect(signal);
  const nothing = new Uint8Array();
  const plan = await ranks.first<Plan>(null as unknown as Plan);
  const model = decodeState(await ranks.broadcast(nothing));
  const optimizer = decodeState(await ranks.broadcast(nothing));
  const { config, progress, syncBatchNorm, maxSeconds } = plan;
  const { architecture, classes, recipe, seed } = config;
  const { imageSize } = recipe;
  const reader = readerOf(await storeAt(plan.data, settings, context), settings);
  // As rank 0 does, on a card of its own.
  const { device } = await findDevice(
    config.machine.device === 'cpu' ? 'cpu' : `cuda:${ranks.placement.local}`,
  );
  const classifier = new Classifier({
    ...{ architecture, classes, imageSize, seed: null, optimizer: recipe.optimizer, device },
    ...arithmeticOf(config),
  });
  let stopped = false;
  try {
    await refuseUnreadable(ranks, plan, (photo) => reader.pixelsOnce(photo, imageSize));
    await classifier.setState(model);
    const result = yield* train({
      ...{ classifier, train: plan.train, val: plan.val, recipe, seed, maxSeconds },
      together: new Together({ ranks, requests, signal, syncBatchNorm }),
      readForTraining: (photo) => reader.pixels(photo, recipe.decodeSize),
      readForJudging: (photo) => reader.pixels(photo, imageSize),
      // The best epoch's weights are rank 0's to keep.
      resume: progress && { progress, model, optimizer, best: null },
      checkpointSeconds: Number.POSITIVE_INFINITY,
      keepCheckpoint: async () => {},
    });
    stopped = result.interrupted;
  } finally {
    classifier.dispose();
  }
  // What asked for the stop has been done.
  const outcome = await ranks.outcome(stopped ? undefined : signal);
  const { interrupted } = { interrupted: false, ...outcome };
  yield event('done', {
    ...{ run: plan.run, model: null, interrupted, valAccuracy: null, testAccuracy: null },
    ...{ leaks: 0, seconds: 0 },
  });
}

/** A rank that lacks the data would go on with fewer photos, and say so of each. */
async function refuseUnreadable(
  { rank }: Ranks,
  { data, train }: Plan,
  read: (photo: CatalogPhoto) => Promise<unknown>,
): Promise<void> {
  let failure: unknown;
  // One may be damaged, everywhere.
  for (const photo of train.slice(0, 3)) {
    try {
      await read(photo);
      return;
    } catch (error) {
      failure = error;
    }
  }
  throw new GillnetError(
    'NOT_FOUND',
    `Rank ${rank} can't read the photos of ${data} that rank 0 trains on: ${messageOf(failure)} ` +
      'Give all ranks the data under the same path, or in a bucket.',
  );
}
