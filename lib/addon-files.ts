import path from 'node:path';
import { fileURLToPath } from 'node:url';

const built = fileURLToPath(new URL('../../build/Release', import.meta.url));

/** Where an addon of this name lies; `GILLNET_ADDONS` names the folder of another build of them. */
export function addonFile(name: string): string {
  return path.join(process.env.GILLNET_ADDONS || built, `${name}.node`);
}
