import path from 'node:path';
import { Kysely, SqliteDialect } from 'kysely';
import { GillnetError, messageOf } from '../errors.js';
import { makeFolder } from '../files.js';
import type { Caller } from '../server.js';
import type { Catalog } from './catalog.js';
import { untilFree } from './contention.js';
import { type Backend, catalogOf } from './queries.js';
import { sqliteDriver } from './sqlite-driver.js';
import { ensureTable, type Tables } from './table.js';

/** Milliseconds that SQLite itself waits for a lock: nothing else runs in this process meanwhile. */
const blocking = 100;

/** Opens or makes a catalog in one file. @throws GillnetError CATALOG */
export async function openSqlite(file: string, { signal }: Caller = {}): Promise<Catalog> {
  const location = `sqlite:${file}`;

  const run: Backend['run'] = async (verb, work) => {
    try {
      return await untilFree(isBusy, work, signal);
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      if (cause instanceof GillnetError) throw cause;
      const hint = ' Give another one with `--catalog sqlite:PATH`, or move the damaged file away.';
      throw new GillnetError(
        'CATALOG',
        `Can't ${verb} the catalog ${location}: ${messageOf(cause)}.${verb === 'open' ? hint : ''}`,
        { cause },
      );
    }
  };

  const opened = await run('open', async () => {
    await makeFolder(path.dirname(file));
    const Driver = await sqliteDriver();
    return new Driver(file, { timeout: blocking });
  });
  const database = new Kysely<Tables>({ dialect: new SqliteDialect({ database: opened }) });
  const columns = async () =>
    opened.prepare('SELECT name FROM pragma_table_info(?)').pluck().all('fish_data') as string[];
  try {
    await run('open', async () => {
      // Readers go on while another process replaces the rows.
      opened.pragma('journal_mode = WAL');
      await ensureTable(database, { exact: '', options: '', columns });
    });
  } catch (error) {
    opened.close();
    throw error;
  }
  const close = async () => {
    opened.close();
  };
  const dateOf = (moment: string) => moment;
  return catalogOf({ location, database, run, dateOf, limits: new Map(), close });
}

function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(String((error as { code?: unknown }).code));
}
