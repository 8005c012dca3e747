import path from 'node:path';
import type { CatalogPhoto } from '../../catalog/catalog.js';
import { options, type Settings, settledFlags } from '../../config.js';
import type { GillnetError } from '../../errors.js';
import { type Owner, runsHere, thisProcess } from '../../files.js';
import type { Machine } from '../../machine.js';
import { arithmeticOf } from '../../model/classifier.js';
import type { ManifestPhoto } from '../../model/manifest.js';
import { event, type GillnetEvent } from '../../pipeline/events.js';
import type { Run } from '../../runs.js';
import { sha256Of } from '../../sha256.js';
import type { Store, StoredObject } from '../../store/store.js';
import type { Context } from '../drive.js';
import {
  cannotResume,
  type RunConfig,
  readConfig,
  readJson,
  readPhotos,
  readPublication,
} from './run-config.js';

/** Whose process goes on with a run. */
const claimName = 'process.json';

/**
 * Takes the run for this process until its record is whole: another one would delete its checkpoints.
 * @throws GillnetError CANNOT_RESUME while another process of this machine has it, or where its claim is damaged
 */
export async function claim(run: Run, { atEnd }: Pick<Context, 'atEnd'>): Promise<void> {
  const mend = '; delete it if no other process trains the run';
  const owner = await readJson<Owner>(run, claimName, { mend });
  if (owner && owner.id !== process.pid && runsHere(owner)) {
    throw cannotResume(
      run,
      `process ${owner.id} of this machine trains it. Stop that one first; if it is another program’s, delete ${run.pathOf(claimName)}`,
    );
  }
  await run.write(claimName, JSON.stringify(thisProcess()));
  atEnd(() => run.remove(claimName));
}

type Settled = Pick<Settings, (typeof settledFlags)[number]>;

/**
 * The settings with what the run was begun with.
 * @param given where something is left out that a run settles, it is the run's
 * @throws GillnetError CANNOT_RESUME, listing what was given otherwise
 */
export async function resumedSettings(run: Run, given: Settings): Promise<Settings> {
  const settled = settledIn(await readConfig(run));
  const wanted = { ...given, ...(given.weights && { weights: sourceOf(given.weights) }) };
  const differences = settledFlags
    .filter((name) => wanted[name] !== undefined && wanted[name] !== settled[name])
    .map((name) => `${options[name].long} ${wanted[name]} where it has ${settled[name]}`);
  if (differences.length > 0) {
    throw cannotResume(
      run,
      `it keeps what it began with, and was given ${differences.join(', ')}. Leave that out, or train a new run`,
    );
  }
  return { ...given, ...settled };
}

/** What loads the same weights again, from whatever folder. */
export function sourceOf(weights: string): string {
  return weights === 'imagenet' || weights === 'none' ? weights : path.resolve(weights);
}

/** As a person would set it. */
function settledIn(config: RunConfig): Settled {
  const { architecture, recipe, int8 = false, seed } = config;
  const { policy, validation, valFraction } = config;
  return {
    ...{ architecture, ...arithmeticOf(config), int8, seed },
    ...{ policy, validation, valFraction },
    weights: config.weightsSource,
    ...{ recipe: recipe.name as NonNullable<Settings['recipe']>, epochs: recipe.epochs },
    ...{ batchSize: recipe.batchSize, lr: recipe.learningRate, imageSize: recipe.imageSize },
  };
}

/**
 * @param now what the run would begin with today
 * @throws GillnetError CANNOT_RESUME, listing what has changed
 */
export async function refuseChanges(
  run: Run,
  before: RunConfig,
  now: Pick<RunConfig, 'dataFingerprint' | 'weights'>,
  photos: ManifestPhoto[],
): Promise<void> {
  if (before.dataFingerprint !== now.dataFingerprint) {
    throw photosChanged(run, changesBetween(await readPhotos(run), photos));
  }
  if (before.weights?.sha256 !== now.weights?.sha256) {
    throw cannotResume(
      run,
      `the weights ${before.weights?.name ?? 'none'} that it began with have changed`,
    );
  }
}

/**
 * Looks at the photos themselves, where they are not extracted again.
 * @param extracted those of the catalog
 * @throws GillnetError CANNOT_RESUME, listing those of the run's that are gone or others now, and the store's
 */
export async function refuseChangedFiles(
  run: Run,
  store: Store,
  extracted: CatalogPhoto[],
): Promise<void> {
  const used = new Set((await readPhotos(run)).map(({ key }) => key));
  const listed = new Map<string, StoredObject>();
  for await (const object of store.list()) listed.set(object.key, object);
  const [gone, changed]: [CatalogPhoto[], CatalogPhoto[]] = [[], []];
  for (const photo of extracted.filter(({ key }) => used.has(key))) {
    const object = listed.get(photo.key);
    if (!object) gone.push(photo);
    else if (object.etag !== photo.etag && sha256Of(await store.get(object)) !== photo.sha256) {
      changed.push(photo);
    }
  }
  if (gone.length + changed.length === 0) return;
  throw photosChanged(run, [
    ['gone', gone],
    ['with another content', changed],
  ]);
}

/** Of a run without checkpoints. @throws GillnetError CANNOT_RESUME when its model is there */
export async function refuseEnded(run: Run): Promise<void> {
  const model = (await readPublication(run))?.model;
  if (model) throw cannotResume(run, `it has ended, and its model is ${model}`);
}

/** As many as say what kind of photos they are. */
const mostNamed = 3;

type Changes = [kind: string, photos: { key: string }[]][];

function changesBetween(before: ManifestPhoto[], now: ManifestPhoto[]): Changes {
  const old = new Map(before.map((photo) => [photo.key, photo]));
  const current = new Set(now.map(({ key }) => key));
  const changed = (part: 'sha256' | 'label' | 'role') =>
    now.filter((photo) => (old.get(photo.key) ?? photo)[part] !== photo[part]);
  return [
    ['added', now.filter(({ key }) => !old.has(key))],
    ['gone', before.filter(({ key }) => !current.has(key))],
    ['with another content', changed('sha256')],
    ['with another label', changed('label')],
    ['used otherwise', changed('role')],
  ];
}

function photosChanged(run: Run, changes: Changes): GillnetError {
  const told = changes
    .filter(([, photos]) => photos.length > 0)
    .map(([kind, photos]) => {
      const named = photos.slice(0, mostNamed).map(({ key }) => key);
      const more = photos.length > mostNamed ? ', …' : '';
      return `${photos.length} ${kind} (${named.join(', ')}${more})`;
    });
  return cannotResume(
    run,
    `its photos have changed since: ${told.join(', ')}. Put them back, or train a new run`,
  );
}

type Place = Pick<RunConfig, 'machine' | 'libtorch'>;

/** Told where the last digits of the weights will not be those of a run that was never stopped. */
export function* differencesOfMachine(before: Place, now: Place): Generator<GillnetEvent> {
  const told = ({ machine, libtorch }: Place) =>
    `${machine.card ? `a ${machine.card} and ` : ''}${machine.threads} threads of ${machine.processor} with LibTorch ${libtorch}`;
  if (told(before) === told(now) && sameProcessor(before.machine, now.machine)) return;
  yield event('warning', {
    code: 'RESUMED_ELSEWHERE',
    message:
      `The run began on ${told(before)} and goes on on ${told(now)}: the last digits of its weights ` +
      'may differ from those of a run that was never stopped.',
  });
}

export function sameProcessor(a: Machine, b: Machine): boolean {
  const told = ({ platform, processor, features, device, card = null }: Machine) =>
    [platform, processor, device, card, ...features].join();
  return told(a) === told(b);
}
