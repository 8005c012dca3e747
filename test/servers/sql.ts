import { spawnSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createConnection } from 'mysql2/promise';
import { type Place, type RunningServer, startServer } from './server.js';

/** What MariaDB's server and MySQL's own have in common. */

/** Of root, as in the compose file. */
const password = 'root';

export interface SqlOptions {
  /** Made if it is missing. */
  database?: string;
  /** Of the server's program, besides those it gets anyway. */
  args?: string[];
}

/** What is particular to one of the two. */
interface SqlKind {
  name: string;
  program: string;
  /** The data of a server without databases, which is copied. */
  emptyData(): string;
  /** Makes a folder and what it holds the server's, where it runs as another user. */
  give?(folder: string): void;
  /** What comes before all other arguments. */
  first: string[];
  /** And after those that both take. */
  last: string[];
}

/** Starts a server with the account of the compose file, root with the password root, over TCP. */
export function startSql(kind: SqlKind, options: SqlOptions): Promise<RunningServer> {
  const { database = 'mlops', args = [] } = options;
  return startServer({
    name: kind.name,
    program: kind.program,
    async prepare({ folder }) {
      cpSync(kind.emptyData(), path.join(folder, 'data'), { recursive: true });
      writeFileSync(path.join(folder, 'setup.sql'), setupOf(database));
      kind.give?.(folder);
    },
    args: ({ folder, host, port }) => [
      ...[...kind.first, `--datadir=${path.join(folder, 'data')}`],
      ...[`--init-file=${path.join(folder, 'setup.sql')}`, `--tmpdir=${folder}`],
      ...[`--bind-address=${host}`, `--port=${port}`, `--socket=${path.join(folder, 'socket')}`],
      ...[`--pid-file=${path.join(folder, 'server.pid')}`, ...kind.last, ...args],
    ],
    isReady: (place) => answers(place, database),
    env: ({ host, port }) => ({
      GILLNET_CATALOG: `mysql://root:${password}@${host}:${port}/${database}`,
    }),
  });
}

/** Runs a server's program to its end. @returns what it prints */
export function runSql(program: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ended with ${status}:\n${stdout}${stderr}`);
  return stdout.trim();
}

/** Statements, one a line, that are run at each start before the server listens. */
function setupOf(database: string): string {
  return [
    // An account without a name goes before others that may come from anywhere.
    "DROP USER IF EXISTS ''@localhost;",
    `ALTER USER root@localhost IDENTIFIED BY '${password}';`,
    `CREATE USER IF NOT EXISTS root@'%' IDENTIFIED BY '${password}';`,
    "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;",
    `CREATE DATABASE IF NOT EXISTS \`${database}\`;`,
    '',
  ].join('\n');
}

/** Logs in over TCP and reads, as a user would. */
async function answers({ host, port }: Place, database: string): Promise<boolean> {
  const connection = await createConnection({ host, port, user: 'root', password, database });
  try {
    await connection.query('SELECT 1');
  } finally {
    await connection.end();
  }
  return true;
}
