import { GillnetError } from '../errors.js';
import type { Caller } from '../server.js';
import type { Catalog } from './catalog.js';
import { openSqlite } from './sqlite.js';

/**
 * Opens the catalog at `location`, `sqlite:PATH` or `mysql://user:password@host:port/database`, and makes
 * what it lacks: file, database, table, columns. Close it, or the process lives on.
 * @throws GillnetError USAGE, CATALOG, and of a server UNREACHABLE, DENIED
 */
export async function openCatalog(location: string, caller?: Caller): Promise<Catalog> {
  const file = /^sqlite:(.+)$/.exec(location)?.[1];
  if (file) return openSqlite(file, caller);
  if (/^mysql:\/\//i.test(location)) {
    // Loaded when it is needed, since predictions start sooner without it.
    const { openMysql } = await import('./mysql.js');
    return openMysql(location, caller);
  }
  throw new GillnetError(
    'USAGE',
    // The address may hold a password.
    'Expected a catalog such as sqlite:.gillnet/catalog.db or mysql://user:password@127.0.0.1:3306/mlops ' +
      `but received ${location.replace(/^([a-z0-9+.-]+:).*/is, '$1…')}.`,
  );
}
