import { GillnetError } from '../errors.js';
import { sha256Of } from '../sha256.js';
import { dataFingerprintOf, decodeManifest } from './manifest.js';
import { type Model, tensorsSha256Of } from './model-file.js';

/** What a model says of itself, held against what it holds. */

export interface Check {
  /** What was held against what it should be. */
  name: 'tensors' | 'photos' | 'data fingerprint';
  /** Null where the model tells nothing of it, as models made elsewhere or by an older gillnet. */
  ok: boolean | null;
}

/** Hashes of its tensors and of its list of photos, and the list against the data fingerprint. */
export function checksOf({ description, state, manifest }: Model): Check[] {
  const { tensorsSha256, photosSha256, dataFingerprint } = description;
  const same = (told: string | null | undefined, found: () => string | null) =>
    told ? told === found() : null;
  return [
    { name: 'tensors', ok: same(tensorsSha256, () => tensorsSha256Of(state)) },
    { name: 'photos', ok: same(photosSha256, () => manifest && sha256Of(manifest)) },
    {
      name: 'data fingerprint',
      ok: manifest
        ? same(dataFingerprint, () => dataFingerprintOf(decodeManifest(manifest)))
        : null,
    },
  ];
}

/**
 * @param trusted keys as `readTrustedKeys` gives them
 * @throws GillnetError UNTRUSTED_MODEL unless one of them has signed the model and all that it holds is what was signed
 */
export function requireTrust(model: Model, name: string, trusted: string[]): void {
  const refuse = (reason: string) =>
    new GillnetError(
      'UNTRUSTED_MODEL',
      `${name} is refused: ${reason}. Only models that a key of --trusted-key has signed are taken; ` +
        '`gillnet train --sign KEY` signs one.',
    );
  const { signedBy } = model;
  if (signedBy === null) throw refuse('it is not signed');
  if (!trusted.includes(signedBy)) throw refuse(`another key, ${signedBy}, has signed it`);
  const checks = checksOf(model);
  const wrong = checks.find(({ ok }) => ok === false);
  if (wrong) throw refuse(`its ${wrong.name} are not what was signed`);
  const isHeld = checks.some(({ name: what, ok }) => what === 'tensors' && ok);
  const isListed = model.manifest === null || model.description.photosSha256 !== undefined;
  if (!isHeld || !isListed) throw refuse('what was signed leaves out some of what it holds');
}
