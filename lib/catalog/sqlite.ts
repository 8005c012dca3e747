import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { GillnetError, messageOf } from '../errors.js';
import type { Catalog } from './catalog.js';
import { catalogOf, ensureTable, type Tables } from './queries.js';

/** Opens or makes a catalog in one file. @throws GillnetError CATALOG */
export async function openSqlite(file: string): Promise<Catalog> {
  try {
    await mkdir(path.dirname(path.resolve(file)), { recursive: true });
    const connection = new Database(file, { timeout: 10_000 });
    // Readers go on while another process replaces the rows.
    connection.pragma('journal_mode = WAL');
    const database = new Kysely<Tables>({ dialect: new SqliteDialect({ database: connection }) });
    await ensureTable(database);
    return catalogOf(database, `sqlite:${file}`);
  } catch (cause) {
    throw new GillnetError(
      'CATALOG',
      `Can't open the catalog ${file}: ${messageOf(cause)}. ` +
        'Give another one with `--catalog sqlite:PATH`, or move the damaged file away.',
      { cause },
    );
  }
}
