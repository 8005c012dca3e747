import type { CatalogPhoto, Split, SpooledPhoto, SpooledPhotos } from '../catalog/catalog.js';
import type { Settings } from '../config.js';
import { GillnetError } from '../errors.js';
import type { NearDuplicate } from '../fingerprints/near-duplicates.js';
import { nearDuplicatesInThread } from '../fingerprints/thread.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import { type DuplicateGroup, type GuardedPhoto, guard } from '../pipeline/guard.js';
import { notesOn } from '../pipeline/notes.js';
import { pairsOf } from '../pipeline/pairs.js';
import type { Pictures } from '../pipeline/pictures.js';
import type { Run } from '../runs.js';

const listName = 'guard.json';

/** `photos` are all that the catalog holds; `fingerprints` are closed once they were compared. */
export interface GuardInput extends SpooledPhotos {
  pictures: Pictures;
  settings: Settings;
  run: Run;
  signal: AbortSignal;
}

/**
 * Guards the photos that take part in a run and writes the groups into the run's folder.
 * @returns what may take part
 * @throws GillnetError LEAK under the policy `fail`, after the list is written
 */
export async function* guarding(input: GuardInput): AsyncGenerator<GillnetEvent, GuardedPhoto[]> {
  const { pictures, settings, run, signal } = input;
  const { policy } = settings;
  yield event('stage', { stage: 'guard', detail: `policy ${policy}` });
  // A val/ in the data is catalogued, and takes part only when it is asked for.
  const photos = input.photos.filter(
    ({ split }) => split !== 'val' || settings.validation === 'catalog',
  );
  const { fingerprints } = input;
  const search = nearDuplicatesOf({ photos, fingerprints }, settings, signal);
  const near = await search.finally(() => fingerprints.close());
  const { kept, groups, ...found } = guard(photos.map(withoutFingerprint), policy, near);

  await run.write(listName, `${JSON.stringify({ policy, groups: groups.map(listed) }, null, 1)}\n`);
  const list = run.pathOf(listName);
  const count = (split: Split) => kept.filter((photo) => photo.split === split).length;
  yield event('guarded', {
    ...{ ...found, groups: groups.length, list },
    kept: { train: count('train'), val: count('val'), test: count('test') },
  });
  yield* pairsOf(groups, pictures);
  for (const note of notesOn(kept, groups)) yield event('warning', note);
  if (policy === 'fail' && found.leaks > 0) {
    throw new GillnetError(
      'LEAK',
      `${found.leaks} groups of photos stand on both sides of a split; they are listed in ${list}. ` +
        'Train with `--policy quarantine` to keep them out of training.',
    );
  }
  return kept;
}

/** Looked for among photos of different pixels, in a thread of its own. */
export function nearDuplicatesOf(
  { photos, fingerprints }: SpooledPhotos,
  { memory }: Pick<Settings, 'memory'>,
  signal?: AbortSignal,
): Promise<NearDuplicate[]> {
  const distinct = new Map(photos.map(({ pixelHash, fingerprint }) => [pixelHash, fingerprint]));
  return nearDuplicatesInThread(
    Array.from(distinct, ([id, fingerprint]) => ({ id, fingerprint })),
    fingerprints,
    { memory: memory / 2, signal },
  );
}

/** Nothing after the guard needs them. */
function withoutFingerprint({ fingerprint: _, ...photo }: SpooledPhoto): CatalogPhoto {
  return photo;
}

/** A group as the list has it: photos by their keys. */
function listed({ photos, ties, conflicting, ...group }: DuplicateGroup) {
  const keys = (some: CatalogPhoto[]) => some.map(({ key }) => key);
  return {
    ...group,
    photos: keys(photos),
    conflicting: keys(conflicting),
    ties: ties.map((tie) => ({ ...tie, photos: keys(tie.photos) })),
  };
}
