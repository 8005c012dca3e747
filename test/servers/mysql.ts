import { existsSync } from 'node:fs';
import path from 'node:path';
import { keptFolder } from './kept.js';
import { programs } from './programs.js';
import type { RunningServer } from './server.js';
import { runSql, type SqlOptions, startSql } from './sql.js';

/** MySQL's own server, with the account of the compose file. */
export function startMysql(options: SqlOptions = {}): Promise<RunningServer> {
  // Neither what replicas read nor a second protocol is tested.
  const last = ['--secure-file-priv=NULL', '--skip-log-bin', '--mysqlx=OFF'];
  const kind = { name: 'MySQL', program: programs.mysqld, emptyData, first: first(), last };
  return startSql(kind, options);
}

function emptyData(): string {
  const version = runSql(programs.mysqld, ['--no-defaults', '--version']);
  return keptFolder(`mysql-data-${version}`, (folder) => {
    const data = `--datadir=${path.join(folder, 'data')}`;
    runSql(programs.mysqld, [...first(), '--initialize-insecure', data]);
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
