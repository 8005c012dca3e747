import type { CatalogPhoto } from '../catalog/catalog.js';
import { groupBy } from '../group-by.js';
import { event, type GillnetEvent, type PlacedPhoto, tieKinds } from './events.js';
import type { Tie } from './groups.js';
import type { DuplicateGroup } from './guard.js';
import type { Pictures } from './pictures.js';

/** Examples of each kind: enough to see whether to believe it. */
const perKind = 4;

/** Tells pairs of photos by which a person sees what the guard has found: what disputes or leaks goes first. */
export async function* pairsOf(
  groups: DuplicateGroup[],
  pictures: Pictures,
): AsyncGenerator<GillnetEvent, void> {
  const weight = ({ conflicting, leak }: DuplicateGroup) =>
    (conflicting.length > 0 ? 2 : 0) + (leak ? 1 : 0);
  for (const kind of tieKinds.toReversed()) {
    const examples = groups
      .filter((group) => group.kind === kind)
      .sort((a, b) => weight(b) - weight(a))
      .slice(0, perKind);
    for (const group of examples) {
      const pair = exampleOf(group);
      yield* pictures.of(pair);
      const [one, other] = pair;
      yield event('paired', {
        kind,
        conflict: one.label !== other.label && group.conflicting.length > 0,
        photos: [placed(one), placed(other)],
      });
    }
  }
}

/** Of the group's loosest ties one between two splits if there is one, else between two labels. */
function exampleOf({ kind, photos, ties }: DuplicateGroup): Tie['photos'] {
  const versions = groupBy(photos, ({ pixelHash }) => pixelHash);
  // Of a group of thousands only the first of each split and label can make a difference.
  const different = new Map(
    [...versions].map(([pixels, those]) => {
      const byPlace = groupBy(those, ({ split, label }) => `${split}/${label}`);
      return [pixels, [...byPlace.values()].map(([first]) => first)];
    }),
  );
  const versionsOf = (photo: CatalogPhoto) =>
    kind === 'same bytes' ? [photo] : (different.get(photo.pixelHash) ?? []);
  const weight = ([a, b]: Tie['photos']) =>
    (a.split === b.split ? 0 : 2) + (a.label === b.label ? 0 : 1);
  const [first, ...others] = ties.filter((tie) => tie.kind === kind).map((tie) => tie.photos);
  let best = first as Tie['photos'];
  for (const [a, b] of [best, ...others]) {
    for (const one of versionsOf(a)) {
      for (const other of versionsOf(b)) {
        if (weight([one, other]) > weight(best)) best = [one, other];
      }
    }
  }
  return best;
}

function placed({ key, split, label }: CatalogPhoto): PlacedPhoto {
  return { photo: key, split, label };
}
