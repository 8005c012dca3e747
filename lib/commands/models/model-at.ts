import type { Settings } from '../../config.js';
import type { Model } from '../../model/model-file.js';
import { readModel } from '../../model/registry.js';
import { readTrustedKeys } from '../../model/signature.js';
import { requireTrust } from '../../model/trust.js';
import type { Caller } from '../../server.js';
import { storeAt } from '../store-at.js';

/**
 * The model that `--model` names, in the place of `--models`.
 * @throws GillnetError UNTRUSTED_MODEL where `--trusted-key` asks for a signature, and what `readModel` throws
 */
export async function modelAt(
  settings: Pick<Settings, 'models' | 'model' | 'trustedKey' | 'downloadCache'>,
  caller?: Caller,
): Promise<Model & { name: string }> {
  const trusted =
    settings.trustedKey === undefined ? null : await readTrustedKeys(settings.trustedKey);
  const model = await readModel(await storeAt(settings.models, settings, caller), settings.model);
  if (trusted) requireTrust(model, model.name, trusted);
  return model;
}
