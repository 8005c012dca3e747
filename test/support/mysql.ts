import { type Connection, createConnection } from 'mysql2/promise';
import { startMariadb } from '../servers/mariadb.js';
import { startMysql } from '../servers/mysql.js';
import { programs } from '../servers/programs.js';
import type { RunningServer } from '../servers/server.js';
import type { SqlOptions } from '../servers/sql.js';
import type { Suite } from './suite.js';

/** An address of a server that runs already, which tests then do not stop. */
const existing = process.env.GILLNET_TEST_MYSQL;

/** A real server, of whatever kind, as tests use it. */
export interface MysqlServer {
  host: string;
  port: number;
  address(database: string, account?: string): string;
  /** A connection of root's. */
  root(): Promise<Connection>;
}

/** Which runs for one test, and can be stopped. */
export type OwnMysqlServer = MysqlServer & Pick<RunningServer, 'stop' | 'kill' | 'start'>;

interface Kind {
  name: string;
  program: string;
  start(options?: SqlOptions): Promise<RunningServer>;
}

const kinds: Kind[] = [
  { name: 'MariaDB', program: programs.mariadbd, start: startMariadb },
  { name: 'MySQL', program: programs.mysqld, start: startMysql },
];

/** Adds a test for each kind of server, with the name of a database that does not exist. */
export function onEachDatabase(
  test: Suite,
  title: string,
  work: (server: MysqlServer, database: string, root: Connection) => Promise<void>,
): void {
  const body = (serverOf: () => Promise<MysqlServer>) => async () => {
    const server = await serverOf();
    const database = freshName();
    const root = await server.root();
    try {
      await work(server, database, root);
    } finally {
      await root.query(`DROP DATABASE IF EXISTS ${database}`);
      await root.end();
    }
  };
  if (existing)
    test(
      title,
      body(async () => serverAt(existing)),
    );
  else {
    for (const kind of kinds) {
      test.needs(
        kind.program,
        `${kind.name}: ${title}`,
        body(() => shared(kind)),
      );
    }
  }
}

/** Adds a test for each kind of server, which starts one with the arguments it needs, and may stop it. */
export function onEachServer(
  test: Suite,
  title: string,
  args: string[] | (() => string[]),
  work: (server: OwnMysqlServer) => Promise<void>,
): void {
  for (const { name, program, start } of kinds) {
    test.needs(program, `${name}: ${title}`, async () => {
      const server = await start({ args: typeof args === 'function' ? args() : args });
      try {
        await work(Object.assign(server, serverAt(server.env.GILLNET_CATALOG as string)));
      } finally {
        await server.discard();
      }
    });
  }
}

const started = new Map<Kind, Promise<MysqlServer>>();

/** One server of a kind for all tests of a file that do not stop it. */
function shared(kind: Kind): Promise<MysqlServer> {
  const server =
    started.get(kind) ?? kind.start().then(({ env }) => serverAt(env.GILLNET_CATALOG as string));
  started.set(kind, server);
  return server;
}

function serverAt(address: string): MysqlServer {
  const { hostname: host, port, username, password } = new URL(address);
  const own = `${username}:${password}`;
  return {
    host,
    port: Number(port || 3306),
    address: (database, account = own) => `mysql://${account}@${host}:${port || 3306}/${database}`,
    async root() {
      const connection = await createConnection({
        ...{ host, port: Number(port || 3306) },
        ...{ user: decodeURIComponent(username), password: decodeURIComponent(password) },
        ...{ charset: 'utf8mb4', dateStrings: true },
      });
      connection.on('error', () => {});
      return connection;
    },
  };
}

let names = 0;

/** A database's name that no other test has. */
function freshName(): string {
  names += 1;
  return `gillnet_${process.pid}_${names}`;
}
