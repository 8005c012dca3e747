import { spawnSync } from 'node:child_process';
import { chownSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { keptFolder } from './kept.js';
import { programs } from './programs.js';
import { type Place, type RunningServer, startServer } from './server.js';
import { answersSql, type SqlOptions, setupOf, sqlEnv } from './sql.js';

const smallLog = '--innodb-log-file-size=4M';

/** MariaDB with the account of the compose file, root with the password root, over TCP. */
export async function startMariadb(options: SqlOptions = {}): Promise<RunningServer> {
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
    isReady: (place) => answersSql(place, database),
    env: (place) => sqlEnv(place, database),
  });
}

function emptyData(): string {
  const version = spawnSync(programs.mariadbd, ['--version'], { encoding: 'utf8' }).stdout.trim();
  return keptFolder(`mariadb-data-${version}`, (folder) => {
    give(folder);
    const method = '--auth-root-authentication-method=normal';
    const { status, stdout, stderr } = spawnSync(
      programs.mariadbInstallDb,
      [
        ...['--no-defaults', ...asUser(), `--datadir=${path.join(folder, 'data')}`],
        ...[method, '--skip-test-db', smallLog],
      ],
      { encoding: 'utf8' },
    );
    if (status !== 0)
      throw new Error(`mariadb-install-db ended with ${status}:\n${stdout}${stderr}`);
  });
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
