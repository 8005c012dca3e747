import { Kysely, MysqlDialect } from 'kysely';
import { GillnetError } from '../errors.js';
import { type Caller, isLoopback, Server } from '../server.js';
import type { Catalog } from './catalog.js';
import { untilFree } from './contention.js';
import { type MysqlAddress, parseAddress } from './mysql-address.js';
import { explain, isMissingDatabase, isPassing, isTaken } from './mysql-errors.js';
import { PreparedPool } from './mysql-pool.js';
import { type MysqlTable, prepareTable } from './mysql-table.js';
import { type Backend, catalogOf } from './queries.js';
import type { Tables } from './table.js';

/**
 * Opens a catalog in a MySQL or MariaDB database, and makes the database and the table if they are missing.
 * @throws GillnetError USAGE, UNREACHABLE, DENIED, CATALOG
 */
export async function openMysql(location: string, caller: Caller = {}): Promise<Catalog> {
  const address = parseAddress(location);
  warnOfDefaults(address, caller);
  const pool = new PreparedPool(address);
  const server = new Server({
    name: `The MySQL server at ${address.server}`,
    mend: 'Start it, or give another catalog with `--catalog`.',
    isPassing,
    explain: (error) => explain('use', error, address),
    ...caller,
  });
  const database = new Kysely<Tables>({ dialect: new MysqlDialect({ pool }) });

  const run: Backend['run'] = (verb, work) =>
    server.call(async () => {
      try {
        return await untilFree(isTaken, work, caller.signal);
      } catch (error) {
        if (error instanceof GillnetError || caller.signal?.aborted || isPassing(error))
          throw error;
        throw explain(verb, error, address);
      }
    });

  try {
    await run('open', () => logIn(pool));
    const table = await run('open', () => prepareTable(database));
    return catalogOf({
      location: address.location,
      database,
      run,
      dateOf: (moment) => dateOf(moment, table),
      limits: table.limits,
      close: () => pool.close(),
    });
  } catch (error) {
    await pool.close();
    throw error;
  }
}

async function logIn(pool: PreparedPool): Promise<void> {
  try {
    await pool.ping();
  } catch (error) {
    if (!isMissingDatabase(error)) throw error;
    await pool.createDatabase();
    await pool.ping();
  }
}

/** MySQL's form, in UTC. It would round what it does not keep, so that is cut off here. */
function dateOf(moment: string, { fraction }: MysqlTable): string {
  const text = new Date(moment).toISOString();
  const milliseconds = fraction > 0 ? text.slice(19, 20 + Math.min(fraction, 3)) : '';
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${milliseconds}`;
}

function warnOfDefaults({ user, password, host, server }: MysqlAddress, { warn }: Caller): void {
  if (user !== 'root' || password !== 'root' || isLoopback(host)) return;
  warn?.(
    'DEFAULT_CREDENTIALS',
    `The MySQL server at ${server} is used as root with the password root, which everybody knows. ` +
      'Give it a user and a password of its own.',
  );
}
