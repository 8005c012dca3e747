import { createConnection } from 'mysql2/promise';
import type { Place } from './server.js';

/** What MariaDB's server and MySQL's own have in common. */

/** Of root, as in the compose file. */
const password = 'root';

export interface SqlOptions {
  /** Made if it is missing. */
  database?: string;
  /** Of the server's program, besides those it gets anyway. */
  args?: string[];
}

/** Statements, one a line, that are run at each start before the server listens. */
export function setupOf(database: string): string {
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
export async function answersSql({ host, port }: Place, database: string): Promise<boolean> {
  const connection = await createConnection({ host, port, user: 'root', password, database });
  try {
    await connection.query('SELECT 1');
  } finally {
    await connection.end();
  }
  return true;
}

export function sqlEnv({ host, port }: Place, database: string): Record<string, string> {
  return { GILLNET_CATALOG: `mysql://root:${password}@${host}:${port}/${database}` };
}
