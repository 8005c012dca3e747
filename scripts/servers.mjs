// npm run servers: starts servers to try gillnet with, until Ctrl-C; stdout has what to export.
//   npm run servers -- versity mariadb     those instead of MinIO and MariaDB
import { installPrograms } from './programs.mjs';
import { orExplain, setUp } from './setup.mjs';
import { SetUpError } from './shell.mjs';

const kinds = {
  minio: { programs: ['minio'], start: 'startMinio' },
  versity: { programs: ['versitygw'], start: 'startVersity' },
  mlflow: { programs: ['mlflow-python'], start: 'startMlflow' },
  mariadb: { programs: ['mariadbd', 'mariadb-install-db'], start: 'startMariadb' },
};
const names = process.argv.slice(2);
if (names.length === 0) names.push('minio', 'mariadb');

const servers = [];
let ending = false;
const end = async (status) => {
  if (ending) return;
  ending = true;
  for (const server of servers) await server.discard();
  process.exit(status);
};

await orExplain(async () => {
  const unknown = names.find((name) => !Object.hasOwn(kinds, name));
  if (unknown) {
    throw new SetUpError(`no server ${unknown}; expected ${Object.keys(kinds).join(', ')}.`, 2);
  }
  await setUp();
  await installPrograms(names.flatMap((name) => kinds[name].programs));
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(0));
// The servers themselves keep no process alive.
setInterval(() => {}, 2 ** 30);
try {
  for (const name of names) {
    const { [kinds[name].start]: start } = await import(`../dist/test/servers/${name}.js`);
    const server = await start();
    servers.push(server);
    const { host, port, pid, folder } = server;
    console.error(`${server.name} at ${host}:${port}, process ${pid}, ${folder}`);
    for (const [key, value] of Object.entries(server.env)) {
      console.log(`export ${key}='${value}'`);
    }
  }
  console.error('Ctrl-C stops them and deletes what they hold.');
} catch (error) {
  console.error(error.message);
  await end(1);
}
