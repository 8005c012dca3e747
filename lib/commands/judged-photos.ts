import type { CatalogPhoto, Split, SpooledPhoto, SpooledPhotos } from '../catalog/catalog.js';
import type { Settings } from '../config.js';
import { decodeManifest } from '../model/manifest.js';
import type { Model } from '../model/model-file.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import { extract } from '../pipeline/extract.js';
import { listedIn, seenAmong } from '../pipeline/seen.js';
import type { Store } from '../store/store.js';
import type { Context } from './drive.js';
import { nearDuplicatesOf } from './guarding.js';
import { gatherFingerprinted, withCatalog } from './places.js';
import { storeAt } from './store-at.js';

/** Photos that models are judged on. */
export interface JudgedPhotos extends SpooledPhotos {
  /** All that are at hand, those of other splits too: some may have trained a model. */
  known: SpooledPhoto[];
  store: Store;
  /** What they are, for people: a split, or the folder of other photos. */
  name: string;
}

/**
 * The photos of `--split`, or those of `--data` by themselves, of which those without a split are of this one.
 * @throws as `gather` does
 */
export async function* gatherToJudge(
  settings: Settings,
  context: Context,
): AsyncGenerator<GillnetEvent, JudgedPhotos> {
  const { data } = settings;
  const split = settings.split as Split;
  const { photos: known, ...rest } = yield* data === undefined
    ? gatherFingerprinted(settings, context)
    : withCatalog('sqlite::memory:', context, async function* (catalog) {
        const store = await storeAt(data, settings, context);
        yield* extract({ store, catalog, unsplit: split, signal: context.signal });
        return { ...(await catalog.fingerprinted(settings.memory / 2)), store };
      });
  const photos = known.filter((photo) => photo.split === split);
  return { ...rest, photos, known, name: data ?? split };
}

/**
 * Which of the photos show what the model was trained on, as far as it lists its photos. Told as a warning where there
 * are some.
 */
export async function* seenBy(
  { name, manifest }: Pick<Model, 'manifest'> & { name: string },
  { photos, known, fingerprints }: JudgedPhotos,
  settings: Settings,
  signal: AbortSignal,
): AsyncGenerator<GillnetEvent, Set<CatalogPhoto>> {
  if (!manifest) return new Set();
  const listed = decodeManifest(manifest);
  const involved = [...photos, ...known.filter(listedIn(listed))];
  const near = await nearDuplicatesOf({ photos: involved, fingerprints }, settings, signal);
  const among = seenAmong(known, listed, near);
  const seen = new Set<CatalogPhoto>(photos.filter((photo) => among.has(photo)));
  if (seen.size > 0) {
    yield event('warning', {
      code: 'SEEN_PHOTOS',
      message:
        `${name} was trained on ${seen.size} of these ${photos.length} photos, or on versions of them: ` +
        'its figures flatter it.',
    });
  }
  return seen;
}
