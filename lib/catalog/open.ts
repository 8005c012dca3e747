import { GillnetError } from '../errors.js';
import type { Catalog } from './catalog.js';
import { openSqlite } from './sqlite.js';

/** The catalog at `location`, `sqlite:PATH`. @throws GillnetError USAGE, CATALOG */
export function openCatalog(location: string): Promise<Catalog> {
  const file = /^sqlite:(.+)$/.exec(location)?.[1];
  if (!file) {
    // The address may hold a password.
    throw new GillnetError(
      'USAGE',
      `Expected a catalog such as sqlite:.gillnet/catalog.db but received ${location.replace(/:\/\/.*@/, '://…@')}.`,
    );
  }
  return openSqlite(file);
}
