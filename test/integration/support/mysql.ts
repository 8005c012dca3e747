import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Connection, createConnection } from 'mysql2/promise';
import { temporaryFolder } from '../../support/suite.js';

/** An address of a server that runs already, which tests then don't stop. */
const existing = process.env.GILLNET_TEST_MYSQL;
/** MariaDB's server or MySQL's own. */
const program = process.env.GILLNET_TEST_MYSQLD ?? '/usr/sbin/mariadbd';

/** For `test.needs`: what a test takes, and what one takes that stops the server. */
export const anyServer = existing ? process.execPath : program;
export const ownServer = existing ? '' : program;

/** A real MySQL server, with root and the password root. */
export interface MysqlServer {
  host: string;
  port: number;
  address(database: string, account?: string): string;
  /** A connection of root's. */
  root(): Promise<Connection>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
}

export async function startMysql(...args: string[]): Promise<MysqlServer> {
  if (existing) {
    const { hostname, port, username, password } = new URL(existing);
    return serverAt(hostname, Number(port || 3306), `${username}:${password}`, null);
  }
  const own = new OwnServer(args, await freePort());
  await own.start();
  return serverAt('127.0.0.1', own.port, 'root:root', own);
}

function serverAt(host: string, port: number, account: string, own: OwnServer | null): MysqlServer {
  const [user, password] = account.split(':').map(decodeURIComponent) as [string, string];
  return {
    host,
    port,
    address: (database, other = account) => `mysql://${other}@${host}:${port}/${database}`,
    async root() {
      const options = { host, port, user, password, charset: 'utf8mb4', dateStrings: true };
      const connection = await createConnection(options);
      connection.on('error', () => {});
      return connection;
    },
    stop: async () => own?.end('SIGTERM'),
    kill: async () => own?.end('SIGKILL'),
    start: async () => own?.start(),
  };
}

class OwnServer {
  #folder = temporaryFolder();
  #data = path.join(this.#folder, 'data');
  #process: ChildProcess | undefined;

  constructor(
    private readonly args: string[],
    readonly port: number,
  ) {
    process.once('exit', () => this.#process?.kill('SIGKILL'));
    own(this.#folder);
    mkdirSync(this.#data);
    own(this.#data);
    const version = spawnSync(program, ['--no-defaults', '--version'], { encoding: 'utf8' }).stdout;
    const [installer, ...rest] = version.includes('MariaDB')
      ? ['mariadb-install-db', '--no-defaults', '--auth-root-authentication-method=normal']
      : [program, '--no-defaults', '--initialize-insecure'];
    const made = spawnSync(installer as string, [...rest, ...user(), `--datadir=${this.#data}`]);
    if (made.status !== 0) throw new Error(`No data for a server: ${made.stdout}${made.stderr}`);
  }

  async start(): Promise<void> {
    const log = path.join(this.#folder, 'log');
    const output = openSync(log, 'a');
    const in_ = (name: string) => path.join(this.#folder, name);
    this.#process = spawn(
      program,
      [
        ...['--no-defaults', ...user(), `--datadir=${this.#data}`, `--port=${this.port}`],
        ...['--bind-address=127.0.0.1', `--socket=${in_('s')}`, `--pid-file=${in_('pid')}`],
        ...this.args,
      ],
      { stdio: ['ignore', output, output] },
    );
    this.#process.unref();
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#ready();
      } catch (error) {
        if (tries > 300) throw new Error(`${error}: ${readFileSync(log, 'utf8').slice(-2000)}`);
        await pause(100);
      }
    }
  }

  /** The server's root has no password when its data is new. */
  async #ready(): Promise<void> {
    const options = { host: '127.0.0.1', port: this.port, user: 'root' };
    try {
      await (await createConnection({ ...options, password: 'root' })).end();
    } catch (error) {
      if (!/ACCESS_DENIED/.test(String((error as { code?: string }).code))) throw error;
      const connection = await createConnection(options);
      // An account without a name goes before others that may come from anywhere.
      await connection.query("DROP USER IF EXISTS ''@localhost");
      await connection.query("ALTER USER root@localhost IDENTIFIED BY 'root'");
      await connection.end();
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const ending = this.#process;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    ending.ref();
    const ended = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill(signal);
    await ended;
  }
}

/** Servers refuse to run as root. */
function account(): string[] | null {
  if (process.getuid?.() !== 0) return null;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line = lines.find((each) => each.startsWith('mysql:'));
  return (line ?? 'nobody:x:65534:65534').split(':');
}

function user(): string[] {
  const found = account();
  return found ? [`--user=${found[0]}`] : [];
}

function own(folder: string): void {
  const found = account();
  if (found && existsSync(folder)) chownSync(folder, Number(found[2]), Number(found[3]));
}

/** A port of the loopback address that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
