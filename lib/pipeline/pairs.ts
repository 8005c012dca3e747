import type { CatalogPhoto } from '../catalog/catalog.js';
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
  const versionsOf = (photo: CatalogPhoto) =>
    kind === 'same bytes'
      ? [photo]
      : photos.filter(({ pixelHash }) => pixelHash === photo.pixelHash);
  const pairs = ties
    .filter((tie) => tie.kind === kind)
    .flatMap(({ photos: [a, b] }) =>
      versionsOf(a).flatMap((one) => versionsOf(b).map((other): Tie['photos'] => [one, other])),
    );
  const weight = ([a, b]: Tie['photos']) =>
    (a.split === b.split ? 0 : 2) + (a.label === b.label ? 0 : 1);
  return pairs.reduce((best, pair) => (weight(pair) > weight(best) ? pair : best));
}

function placed({ key, split, label }: CatalogPhoto): PlacedPhoto {
  return { photo: key, split, label };
}
