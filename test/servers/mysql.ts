import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { keptFolder } from './kept.js';
import { programs } from './programs.js';
import { type RunningServer, startServer } from './server.js';
import { answersSql, type SqlOptions, setupOf, sqlEnv } from './sql.js';

/** MySQL's own server, with the account of the compose file, root with the password root, over TCP. */
export async function startMysql(options: SqlOptions = {}): Promise<RunningServer> {
  const { database = 'mlops', args = [] } = options;
  return startServer({
    name: 'MySQL',
    program: programs.mysqld,
    async prepare({ folder }) {
      cpSync(emptyData(), path.join(folder, 'data'), { recursive: true });
      writeFileSync(path.join(folder, 'setup.sql'), setupOf(database));
    },
    args: ({ folder, host, port }) => [
      ...[...first(), `--datadir=${path.join(folder, 'data')}`],
      ...[`--init-file=${path.join(folder, 'setup.sql')}`, `--tmpdir=${folder}`],
      ...[`--bind-address=${host}`, `--port=${port}`, `--socket=${path.join(folder, 'socket')}`],
      ...[`--pid-file=${path.join(folder, 'mysqld.pid')}`, '--secure-file-priv=NULL'],
      // Neither what replicas read nor a second protocol is tested.
      ...['--skip-log-bin', '--mysqlx=OFF', ...args],
    ],
    isReady: (place) => answersSql(place, database),
    env: (place) => sqlEnv(place, database),
  });
}

function emptyData(): string {
  const asked = spawnSync(programs.mysqld, ['--no-defaults', '--version'], { encoding: 'utf8' });
  const version = asked.stdout.trim();
  return keptFolder(`mysql-data-${version}`, (folder) => {
    const data = `--datadir=${path.join(folder, 'data')}`;
    const args = [...first(), '--initialize-insecure', data];
    const { status, stdout, stderr } = spawnSync(programs.mysqld, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`mysqld ended with ${status}:\n${stdout}${stderr}`);
  });
}

/** What each call begins with. */
function first(): string[] {
  // Unpacked beside the system (scripts/debian.mjs), it would look for its files in the system.
  const unpacked = path.join(path.dirname(programs.mysqld), 'root/usr');
  return [
    '--no-defaults',
    // It refuses to be root unless it is told so.
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
    ...(existsSync(unpacked)
      ? [
          `--basedir=${unpacked}`,
          `--lc-messages-dir=${unpacked}/share/mysql`,
          `--plugin-dir=${unpacked}/lib/mysql/plugin`,
        ]
      : []),
  ];
}
