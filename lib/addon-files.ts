import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Where an addon lies; `GILLNET_ADDONS` names the folder of another build of them.
 * @param file from this folder, as compiled
 */
export function addonFile(file: string): string {
  const { GILLNET_ADDONS } = process.env;
  const built = fileURLToPath(new URL(file, import.meta.url));
  return GILLNET_ADDONS ? path.join(GILLNET_ADDONS, path.basename(file)) : built;
}

/** Loads an addon; null where there is none, as on Windows. @param file from this folder, as compiled */
export function loadIfThere<T>(file: string): T | null {
  try {
    return createRequire(import.meta.url)(addonFile(file)) as T;
  } catch {
    return null;
  }
}
