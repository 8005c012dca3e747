import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import * as assert from 'uvu/assert';
import { clean, cleanOrphans } from '../servers/folder.js';
import { startMariadb } from '../servers/mariadb.js';
import { programs } from '../servers/programs.js';
import { bytesOf, newStore, objectAt, onEach, s3Kinds, storeAt } from '../support/s3.js';
import { root, suite } from '../support/suite.js';

const test = suite('the servers of the tests');
const all = [programs.minio, programs.versitygw, programs.mariadbd];

const startsAll = `
  import { startMariadb } from '${root}dist/test/servers/mariadb.js';
  import { startMinio } from '${root}dist/test/servers/minio.js';
  import { startVersity } from '${root}dist/test/servers/versity.js';
  const servers = await Promise.all([startMinio(), startVersity(), startMariadb()]);
  console.log(JSON.stringify(servers.map(({ pid, folder }) => ({ pid, folder }))));
`;

onEach(test, 'the same port and data after a stop and after a kill', async (kind) => {
  const server = await kind.start();
  const { port } = server;
  const { location } = await newStore(server);
  await storeAt(server, location).create('key', bytesOf('key'));
  for (const end of ['stop', 'kill'] as const) {
    await server[end]();
    await assertRefuses(port);
    await server.start();
    assert.is(server.port, port);
    const store = storeAt(server, location);
    assert.equal(await store.get(await objectAt(store, 'key')), bytesOf('key'));
  }
  await server.discard();
  assert.not.ok(existsSync(server.folder));
});

test.needs(
  programs.mariadbd,
  'MariaDB answers to root over TCP and keeps what is committed',
  async () => {
    const server = await startMariadb({ database: 'some_name' });
    const connect = () => createConnection(server.env.GILLNET_CATALOG as string);
    const first = await connect();
    await first.query('CREATE TABLE kept (name VARCHAR(20)) CHARSET utf8mb4');
    await first.query("INSERT INTO kept VALUES ('é🐟')");
    await first.end();
    await server.kill();
    await server.start();
    const second = await connect();
    const [rows] = await second.query('SELECT name, DATABASE() AS place FROM kept');
    assert.equal(rows, [{ name: 'é🐟', place: 'some_name' }]);
    await second.end();
    await server.discard();
  },
);

for (const [how, ending] of [
  ['done', ''],
  ['failing', `throw new Error('x');`],
  ['leaving at once', 'process.exit(3);'],
  ['killed', `process.kill(process.pid, 'SIGKILL');`],
] as const) {
  test.needs(all, `a process that ends ${how} leaves neither servers nor folders`, async () => {
    const args = ['--input-type=module', '--eval', startsAll + ending];
    const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const servers = JSON.parse(stdout.split('\n')[0] ?? '') as { pid: number; folder: string }[];
    assert.is(servers.length, 3);
    for (const { pid, folder } of servers) {
      await comesTrue(() => !runs(pid) && !existsSync(folder), `${folder} is left`);
    }
  });
}

test('of what a killed owner left only servers are killed, not who has their numbers now', async () => {
  const { pid: dead } = spawnSync(process.execPath, ['--eval', '']);
  const orphan = abandoned(dead);
  const server = sleeper(orphan);
  const reused = abandoned(dead);
  const stranger = sleeper('another');
  const owned = abandoned(process.pid);
  const living = sleeper(owned);
  for (const [folder, { pid }] of [
    [orphan, server],
    [reused, stranger],
    [owned, living],
  ] as const) {
    writeFileSync(path.join(folder, 'pid'), String(pid));
  }
  cleanOrphans();
  await once(server, 'exit');
  assert.equal([orphan, reused, owned].map(existsSync), [false, false, true]);
  assert.equal(
    [stranger, living].map(({ pid }) => runs(pid as number)),
    [true, true],
  );
  stranger.kill();
  clean(owned);
  await once(living, 'exit');
});

test.needs(all, 'npm run servers tells what to export, until it is interrupted', async () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    const child = spawn(process.execPath, [`${root}scripts/servers.mjs`]);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    try {
      await comesTrue(() => stderr.includes('Ctrl-C'), 'they do not start');
      const env = Object.fromEntries(
        [...stdout.matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]),
      );
      await storeAt({ env }, 's3://tried').create('key', bytesOf('key'));
      await (await createConnection(env.GILLNET_CATALOG as string)).end();
    } finally {
      child.kill(signal);
    }
    const [status] = await once(child, 'exit');
    assert.is(status, signal === 'SIGKILL' ? null : 0);
    const told = [...stderr.matchAll(/process (\d+), (.*)$/gm)];
    assert.is(told.length, 2, stderr);
    for (const [, pid, folder] of told) {
      await comesTrue(() => !runs(Number(pid)) && !existsSync(folder as string), `${folder}`);
    }
  }
});

test.needs(programs.minio, 'a server that can not start says why', async () => {
  const [minio] = s3Kinds;
  let message = '';
  await minio?.start({ secretKey: 'short' }).catch((error) => {
    message = error.message;
  });
  assert.match(message, /MinIO ended at once.*\n.*(password|secret|credentials)/is);
});

/** A folder as a server's, whose owner is another process. */
function abandoned(owner: number): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'gillnet-server-'));
  mkdirSync(path.join(folder, 'data'));
  writeFileSync(path.join(folder, 'owner'), String(owner));
  return folder;
}

/** A process that leads a group as servers do, with the text in its command line. */
function sleeper(text: string) {
  const args = ['--eval', 'setInterval(() => {}, 1000)', text];
  return spawn(process.execPath, args, { detached: true });
}

/** A process that was killed and that nobody waits for counts as gone. */
function runs(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}

async function assertRefuses(port: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}`).catch((error) => error.cause.code);
  assert.is(answer, 'ECONNREFUSED');
}

async function comesTrue(isTrue: () => boolean, otherwise: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!isTrue()) {
    assert.ok(performance.now() < deadline, otherwise);
    await pause(30);
  }
}

test.run();
