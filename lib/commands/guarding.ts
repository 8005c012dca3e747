import type { CatalogPhoto, Split } from '../catalog/catalog.js';
import type { Settings } from '../config.js';
import { GillnetError } from '../errors.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import { guard } from '../pipeline/guard.js';
import { notesOn } from '../pipeline/notes.js';
import type { Run } from '../runs.js';

const listName = 'guard.json';

/** What may take part, and how many leaks the policy has left in it. */
export interface Guarded {
  kept: CatalogPhoto[];
  leaks: number;
}

/**
 * Guards the photos that take part in a run and writes the groups into the run's folder.
 * @throws GillnetError LEAK under the policy `fail`, after the list is written
 */
export async function* guarding(
  photos: CatalogPhoto[],
  settings: Settings,
  run: Run,
): AsyncGenerator<GillnetEvent, Guarded> {
  // A val/ in the data is catalogued, and takes part only when it is asked for.
  const takesPart = (photo: CatalogPhoto) =>
    photo.split !== 'val' || settings.validation === 'catalog';
  const result = guard(photos.filter(takesPart), settings.policy);
  yield event('stage', { stage: 'guard', detail: `policy ${settings.policy}` });

  const { groups, leaks, quarantined, folded, kept, policy } = result;
  await run.write(listName, `${JSON.stringify({ policy, groups }, null, 1)}\n`);
  const list = run.pathOf(listName);
  const count = (split: Split) => kept.filter((photo) => photo.split === split).length;
  yield event('guarded', {
    groups: groups.length,
    kinds: { 'same bytes': groups.length, 'same pixels': 0, 'same photo': 0, 'same scene': 0 },
    seen: { val: { photos: 0, of: 0 }, test: { photos: 0, of: 0 } },
    leaks,
    quarantined,
    folded,
    kept: { train: count('train'), val: count('val'), test: count('test') },
    policy,
    list,
  });
  for (const { photos: keys, labels } of groups.filter((group) => group.conflict)) {
    yield event('warning', {
      code: 'LABEL_CONFLICT',
      message: `The same photo is labelled ${labels.join(' and ')}: ${keys.join(', ')}.`,
    });
  }
  for (const note of notesOn(kept)) yield event('warning', note);
  if (policy === 'fail' && leaks > 0) {
    throw new GillnetError(
      'LEAK',
      `${leaks} photos stand on both sides of a split; they are listed in ${list}. ` +
        'Train with `--policy quarantine` to keep them out of training.',
    );
  }
  return { kept, leaks: policy === 'allow' ? leaks : 0 };
}
