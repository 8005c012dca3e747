import type { Settings } from '../../config.js';
import type { Model } from '../../model/model-file.js';
import { readModel } from '../../model/registry.js';
import { readTrustedKeys } from '../../model/signature.js';
import { requireTrust } from '../../model/trust.js';
import type { Caller } from '../../server.js';
import { storeAt } from '../store-at.js';

/** Those of the file of `--trusted-key`; null where none is asked for. @throws GillnetError NOT_FOUND, USAGE */
export async function trustedKeysOf(file: string | undefined): Promise<string[] | null> {
  return file === undefined ? null : readTrustedKeys(file);
}

/**
 * The model in the place of `--models` that `--model` names, or another by its name.
 * @throws GillnetError UNTRUSTED_MODEL where `--trusted-key` asks for a signature, and what `readModel` throws
 */
export async function modelAt(
  settings: Pick<Settings, 'models' | 'model' | 'trustedKey' | 'downloadCache'>,
  caller: Caller,
  name = settings.model,
): Promise<Model & { name: string }> {
  const trusted = await trustedKeysOf(settings.trustedKey);
  const model = await readModel(await storeAt(settings.models, settings, caller), name);
  if (trusted) requireTrust(model, model.name, trusted);
  return model;
}
