import { spawnSync } from 'node:child_process';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createConnection } from 'mysql2/promise';
import { cacheFolder } from '../../lib/cache-folder.js';
import { programs } from './programs.js';
import { type Place, type RunningServer, startServer } from './server.js';

export interface MariadbOptions {
  /** Made if it is missing. */
  database?: string;
  /** Of mariadbd, besides those it gets anyway. */
  args?: string[];
}

const password = 'root';
const smallLog = '--innodb-log-file-size=4M';

/** MariaDB with the account of the compose file, root with the password root, over TCP. */
export async function startMariadb(options: MariadbOptions = {}): Promise<RunningServer> {
  const { database = 'mlops', args = [] } = options;
  const files = ({ folder }: Place) => ({
    data: path.join(folder, 'data'),
    setup: path.join(folder, 'setup.sql'),
  });
  return startServer({
    name: 'MariaDB',
    program: programs.mariadbd,
    async prepare(place) {
      const { data, setup } = files(place);
      cpSync(emptyData(), data, { recursive: true });
      writeFileSync(setup, setupOf(database));
      give(place.folder);
    },
    args(place) {
      const { data, setup } = files(place);
      return [
        ...['--no-defaults', ...asUser(), `--datadir=${data}`, `--init-file=${setup}`],
        ...[`--bind-address=${place.host}`, `--port=${place.port}`, smallLog],
        ...[`--socket=${path.join(place.folder, 'socket')}`, `--tmpdir=${place.folder}`],
        ...[`--pid-file=${path.join(place.folder, 'mariadbd.pid')}`, ...args],
      ];
    },
    async isReady({ host, port }) {
      const connection = await createConnection({ host, port, user: 'root', password, database });
      try {
        await connection.query('SELECT 1');
      } finally {
        await connection.end();
      }
      return true;
    },
    env: ({ host, port }) => ({
      GILLNET_CATALOG: `mysql://root:${password}@${host}:${port}/${database}`,
    }),
  });
}

/** Run at each start, before the server listens. */
function setupOf(database: string): string {
  return `
    ALTER USER root@localhost IDENTIFIED BY '${password}';
    CREATE USER IF NOT EXISTS root@'%' IDENTIFIED BY '${password}';
    GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
    CREATE DATABASE IF NOT EXISTS \`${database}\`;
  `;
}

/** The data of a new server, made once on a machine for each version: that takes seconds. */
function emptyData(): string {
  const version = spawnSync(programs.mariadbd, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const name = `mariadb-data-${version.replaceAll(/[^\w.-]+/g, '-')}`;
  const kept = path.join(cacheFolder(), 'servers', name);
  if (existsSync(kept)) return kept;
  const made = mkdtempSync(path.join(tmpdir(), 'gillnet-mariadb-'));
  try {
    give(made);
    const data = path.join(made, 'data');
    const method = '--auth-root-authentication-method=normal';
    const { status, stdout, stderr } = spawnSync(
      programs.mariadbInstallDb,
      ['--no-defaults', ...asUser(), `--datadir=${data}`, method, '--skip-test-db', smallLog],
      { encoding: 'utf8' },
    );
    if (status !== 0)
      throw new Error(`mariadb-install-db ended with ${status}:\n${stdout}${stderr}`);
    mkdirSync(path.dirname(kept), { recursive: true });
    const work = `${kept}.${process.pid}`;
    cpSync(data, work, { recursive: true });
    try {
      renameSync(work, kept);
    } catch (error) {
      // Another process was faster.
      if (!existsSync(kept)) throw error;
      rmSync(work, { recursive: true });
    }
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return kept;
}

/** The user that mariadbd, which refuses to be root, runs as; null for one's own. */
function otherUser(): { name: string; uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const lines = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = ['mysql', 'nobody']
    .map((name) => lines.find((line) => line[0] === name))
    .find(Boolean);
  if (!found)
    throw new Error('MariaDB does not run as root, and there is no user mysql or nobody.');
  return { name: found[0] as string, uid: Number(found[2]), gid: Number(found[3]) };
}

function asUser(): string[] {
  const user = otherUser();
  return user ? [`--user=${user.name}`] : [];
}

/** Makes a folder and what it holds the server's. */
function give(folder: string): void {
  const user = otherUser();
  if (!user) return;
  chownSync(folder, user.uid, user.gid);
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    chownSync(path.join(folder, name), user.uid, user.gid);
  }
}
