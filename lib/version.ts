import { createRequire } from 'node:module';

/** Of this package, as its package.json says. */
export const version = (
  createRequire(import.meta.url)('gillnet/package.json') as { version: string }
).version;
