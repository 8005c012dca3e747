import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { GillnetError, messageOf } from './errors.js';

/**
 * Where an addon lies; `GILLNET_ADDONS` names the folder of another build of them.
 * @param file from this folder, as compiled
 */
export function addonFile(file: string): string {
  const { GILLNET_ADDONS } = process.env;
  const built = fileURLToPath(new URL(file, import.meta.url));
  return GILLNET_ADDONS ? path.join(GILLNET_ADDONS, path.basename(file)) : built;
}

/**
 * Loads an addon that nothing goes on without.
 * @param name for messages @param file from this folder, as compiled @param next what helps besides building it
 * @throws GillnetError ADDON
 */
export function loadOrExplain<T>(name: string, file: string, next = ''): T {
  const built = addonFile(file);
  try {
    return createRequire(import.meta.url)(built) as T;
  } catch (cause) {
    throw new GillnetError(
      'ADDON',
      `The ${name} can't be loaded from ${built}: ${messageOf(cause)}. Build it with \`npm run setup\`${next}.`,
      { cause },
    );
  }
}

/** Loads an addon; null where there is none, as on Windows. @param file from this folder, as compiled */
export function loadIfThere<T>(file: string): T | null {
  try {
    return loadOrExplain<T>('addon', file);
  } catch {
    return null;
  }
}
