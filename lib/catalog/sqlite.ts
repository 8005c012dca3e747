import path from 'node:path';
import type Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { GillnetError, messageOf } from '../errors.js';
import { makeFolder } from '../files.js';
import type { Caller } from '../server.js';
import type { Catalog } from './catalog.js';
import { untilFree } from './contention.js';
import { type Backend, catalogOf } from './queries.js';
import { ensureTable, type Tables } from './table.js';

/** Node-API that better-sqlite3 is compiled against from 13 on: that of Node 22.14. */
const leastNodeApi = 10;
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

/**
 * better-sqlite3, in the version that this Node can run. The one for older Nodes aborts in Node 24, which asks for an
 * environment where garbage is collected without one (nodejs/node's `node_object_wrap.h`).
 */
export async function sqliteDriver(): Promise<typeof Database> {
  const isNew = Number(process.versions.napi) >= leastNodeApi;
  return (await import(isNew ? 'better-sqlite3-napi' : 'better-sqlite3')).default;
}

function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(String((error as { code?: unknown }).code));
}
