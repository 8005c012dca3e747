import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openCatalog } from '../lib/catalog/open.js';
import { nearDuplicatesOf } from '../lib/commands/guarding.js';
import { extract } from '../lib/pipeline/extract.js';
import { type GuardedPhoto, guard } from '../lib/pipeline/guard.js';
import type { Store } from '../lib/store/store.js';

/** What the guard keeps of a store's train and test, as a run would. */
export async function keptPhotos(store: Store): Promise<GuardedPhoto[]> {
  const work = await mkdtemp(path.join(tmpdir(), 'gillnet-bench-'));
  const catalog = await openCatalog(`sqlite:${path.join(work, 'catalog.db')}`);
  for await (const _ of extract({ store, catalog }));
  const memory = 1e9;
  const { photos: all, fingerprints } = await catalog.fingerprinted(memory);
  await catalog.close();
  await rm(work, { recursive: true });
  const photos = all.filter(({ split }) => split !== 'val');
  const near = await nearDuplicatesOf({ photos, fingerprints }, { memory });
  fingerprints.close();
  return guard(photos, 'quarantine', near).kept;
}
