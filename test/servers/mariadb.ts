import { chownSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { keptFolder } from './kept.js';
import { programs } from './programs.js';
import type { RunningServer } from './server.js';
import { runSql, type SqlOptions, startSql } from './sql.js';

const smallLog = '--innodb-log-file-size=4M';

/** MariaDB with the account of the compose file. */
export function startMariadb(options: SqlOptions = {}): Promise<RunningServer> {
  const kind = {
    name: 'MariaDB',
    program: programs.mariadbd,
    ...{ emptyData, give, first: ['--no-defaults', ...asUser()], last: [smallLog] },
  };
  return startSql(kind, options);
}

function emptyData(): string {
  return keptFolder(`mariadb-data-${runSql(programs.mariadbd, ['--version'])}`, (folder) => {
    give(folder);
    runSql(programs.mariadbInstallDb, [
      ...['--no-defaults', ...asUser(), `--datadir=${path.join(folder, 'data')}`, smallLog],
      ...['--auth-root-authentication-method=normal', '--skip-test-db'],
    ]);
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
