import type { Settings } from '../../config.js';
import { decodeModel } from '../../model/model-file.js';
import { besideOf, type Located, locateModel, readBytes } from '../../model/registry.js';
import { requireTrust } from '../../model/trust.js';
import type { Caller } from '../../server.js';
import { type Reference, referenceOf } from '../../serving/reference.js';
import type { ModelSource } from '../../serving/served-model.js';
import { sha256Of } from '../../sha256.js';
import type { Store } from '../../store/store.js';
import { trustedKeysOf } from '../models/model-at.js';
import { storeAt } from '../store-at.js';

/**
 * The model that `name` means in the place of `--models` each time that it is looked for: one may be promoted meanwhile.
 * @param name a model, a path or a stage; what `production` serves without one, else the newest
 */
export async function modelSource(
  settings: Pick<Settings, 'models' | 'trustedKey' | 'downloadCache'>,
  name: string | undefined,
  caller: Caller,
): Promise<ModelSource> {
  const trusted = await trustedKeysOf(settings.trustedKey);
  const store = await storeAt(settings.models, settings, caller);
  return {
    async find() {
      const located = await locateModel(store, name);
      return {
        // A path is looked at once: what stands there is the person's own.
        identity: [located.name, located.object?.etag, located.promotion?.sha256].join(),
        name: located.name,
        async read() {
          const bytes = await readBytes(store, located);
          const model = { name: located.name, ...decodeModel(bytes, located.name) };
          if (trusted) requireTrust(model, located.name, trusted);
          const { classes } = model.description;
          return {
            ...{ model, sha256: sha256Of(bytes) },
            promotedAt: located.promotion?.promotedAt ?? null,
            reference: await referenceAt(store, located, classes),
          };
        },
      };
    },
  };
}

async function referenceAt(
  store: Store,
  { name, object }: Located,
  classes: string[],
): Promise<Reference | null> {
  if (!object) return null;
  const beside = await store.find(besideOf(name).metrics);
  return beside && referenceOf(await store.get(beside), classes);
}
