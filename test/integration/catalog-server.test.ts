import { chmodSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import * as assert from 'uvu/assert';
import { openCatalog } from '../../lib/catalog/open.js';
import { makeCertificate } from '../servers/certificate.js';
import { fingerprintedIn, photosNamed, runProcess, withCatalog } from '../support/catalogs.js';
import { failsWith } from '../support/errors.js';
import { type MysqlServer, onEachDatabase, onEachServer } from '../support/mysql.js';
import { suite, temporaryFolder } from '../support/suite.js';

const test = suite('servers of a catalog');

const say = `
  const began = performance.now();
  const since = () => ((performance.now() - began) / 1000).toFixed(1);
  try {
    const catalog = await openCatalog(location);
    console.log('opened', (await catalog.photos()).length);
    await catalog.close();
  } catch (error) {
    console.log(error.code, error.message, 'after', since(), 's');
  }`;

onEachDatabase(
  test,
  'a wrong password and an unknown user are denied by name, and the process ends',
  async (server, database) => {
    for (const account of ['root:wrong-secret', 'nobody:wrong-secret']) {
      const { output, code, seconds } = await runProcess(say, server.address(database, account));
      assert.match(output, /^DENIED/);
      assert.match(output, account.split(':')[0] as string);
      assert.match(output, `${server.host}:${server.port}`);
      assert.not.match(output, /wrong-secret/);
      assert.is(code, 0);
      assert.ok(seconds < 5);
    }
  },
);

onEachDatabase(
  test,
  'an account that may only read one database reads there, and is told what else it lacks',
  async (server, database, root) => {
    const user = `reader_${process.pid}`;
    const address = server.address(database, `${user}:p%40%2Fss`);
    await root.query(`CREATE USER ${user} IDENTIFIED BY 'p@/ss'`);
    try {
      const missing = await failsWith('DENIED', () => openCatalog(address));
      assert.match(missing.message, database);
      assert.match(missing.message, user);
      await root.query(`CREATE DATABASE ${database}`);
      await root.query(`GRANT SELECT ON ${database}.* TO ${user}`);
      assert.match((await failsWith('DENIED', () => openCatalog(address))).message, /CREATE/i);
      await withCatalog(server.address(database), (catalog) =>
        catalog.replaceAll(photosNamed('a', 3)),
      );
      await withCatalog(address, async (catalog) => {
        assert.equal(await fingerprintedIn(catalog), photosNamed('a', 3));
        const refused = await failsWith('DENIED', () => catalog.replaceAll([]));
        assert.match(refused.message, /DELETE/i);
        assert.not.match(refused.message, /p@\/ss/);
        assert.equal(await fingerprintedIn(catalog), photosNamed('a', 3));
      });
    } finally {
      await root.query(`DROP USER ${user}`);
    }
  },
);

onEachDatabase(
  test,
  'a closed catalog lets the process end, also after an error',
  async (server, database, root) => {
    const opened = await runProcess(say, server.address(database));
    assert.equal([opened.output, opened.code], ['opened 0', 0]);
    await root.query(`DROP TABLE ${database}.fish_data`);
    await root.query(`CREATE TABLE ${database}.fish_data (weight DOUBLE)`);
    const refused = await runProcess(say, server.address(database));
    assert.match(refused.output, /^CATALOG/);
    for (const { seconds } of [opened, refused]) assert.ok(seconds < 5, `${seconds} s`);
  },
);

test('a host that takes connections and says nothing holds nobody up', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as { port: number };
  const ended = await runProcess(say, `mysql://u:secret@127.0.0.1:${port}/d`);
  for (const socket of sockets) socket.destroy();
  silent.close();
  assert.match(ended.output, /^UNREACHABLE/);
  assert.match(ended.output, `127.0.0.1:${port}`);
  assert.not.match(ended.output, /secret/);
  assert.is(ended.code, 0);
  assert.ok(ended.seconds < 6, `${ended.seconds} s`);
});

onEachServer(
  test,
  'a server restarted between operations is found again, and one that is gone named',
  [],
  async (server) => {
    const warned: string[] = [];
    const warn = (code: string, message: string) => {
      warned.push(code);
      assert.match(message, `${server.port}`);
    };
    const catalog = await openCatalog(server.address('restarts'), { warn });
    try {
      const [first, second] = [photosNamed('first', 700), photosNamed('second', 700)];
      await catalog.replaceAll(first);
      await server.stop();
      await server.start();
      assert.equal(await fingerprintedIn(catalog), first);
      await server.kill();
      const replaced = catalog.replaceAll(second);
      const read = catalog.photos();
      await pause(1500);
      await server.start();
      await replaced;
      assert.is((await read).length, 700);
      assert.equal(await fingerprintedIn(catalog), second);
      assert.equal(warned, ['SERVER_AWAY', 'SERVER_BACK']);
    } finally {
      await catalog.close();
    }
    await server.stop();
    const { output, seconds } = await runProcess(say, server.address('restarts'));
    assert.match(output, /^UNREACHABLE/);
    assert.match(output, `127.0.0.1:${server.port}`);
    assert.ok(seconds < 5, `${seconds} s`);
  },
);

async function rootsUntilRefused(server: MysqlServer): Promise<Connection[]> {
  const connections: Connection[] = [];
  for (;;) {
    try {
      connections.push(await server.root());
    } catch (error) {
      assert.is((error as { code?: string }).code, 'ER_CON_COUNT_ERROR');
      return connections;
    }
  }
}

onEachServer(
  test,
  'a server that has too many connections is waited for',
  ['--max-connections=10'],
  async (server) => {
    const others = await rootsUntilRefused(server);
    try {
      const opening = openCatalog(server.address('crowded'));
      await pause(1000);
      for (const other of others.splice(5)) await other.end();
      await (await opening).close();
    } finally {
      for (const other of others) other.destroy();
    }
  },
);

onEachServer(
  test,
  'an error that ends the connection as well is told, not tried for minutes',
  ['--max-allowed-packet=1M'],
  async (server) => {
    await withCatalog(server.address('packets'), async (catalog) => {
      const before = photosNamed('before', 3);
      await catalog.replaceAll(before);
      const large = photosNamed('large', 600).map((each) => ({
        ...each,
        url: 'x'.repeat(60_000),
      }));
      const error = await failsWith('CATALOG', () => catalog.replaceAll(large));
      assert.match(error.message, /max_allowed_packet/);
      assert.equal(await fingerprintedIn(catalog), before);
    });
  },
);

for (const how of ['stop', 'kill'] as const) {
  onEachServer(
    test,
    `a replacement goes on after its server was lost in the middle: ${how}`,
    [],
    async (server) => {
      const warned: string[] = [];
      const warn = (code: string) => warned.push(code);
      const catalog = await openCatalog(server.address('losses'), { warn });
      try {
        const before = photosNamed('before', 700);
        const after = photosNamed('after', 20_000);
        await catalog.replaceAll(before);
        const root = await server.root();
        // Holds the transaction up when a part of the photos has been written.
        await root.query(`CREATE TRIGGER losses.slow BEFORE INSERT ON losses.fish_data FOR EACH ROW
          IF NEW.object_key LIKE '%/0015000.jpg' THEN SET NEW.bytes = 1 + SLEEP(2); END IF`);
        const replaced = catalog.replaceAll(after);
        await pause(1800);
        assert.equal(await fingerprintedIn(catalog), before);
        root.destroy();
        await server[how]();
        await server.start();
        await replaced;
        assert.equal(await fingerprintedIn(catalog), after);
        assert.ok(warned.filter((code) => code === 'SERVER_AWAY').length <= 1);
      } finally {
        await catalog.close();
      }
    },
  );
}

/** A server's certificate of localhost with its key, and another one: PEM files that every user may read. */
function certificates() {
  const folder = temporaryFolder();
  const server = makeCertificate(path.join(folder, 'server'), 'DNS:localhost');
  chmodSync(folder, 0o755);
  chmodSync(server.key, 0o644);
  const other = makeCertificate(path.join(folder, 'other'), 'DNS:localhost');
  return { ...server, other: other.certificate };
}
let made: ReturnType<typeof certificates> | undefined;

onEachServer(
  test,
  'TLS encrypts, and checks certificates where the address says so',
  () => {
    made ??= certificates();
    return [`--ssl-cert=${made.certificate}`, `--ssl-key=${made.key}`];
  },
  async (server) => {
    const root = await server.root();
    await root.query("CREATE USER tls IDENTIFIED BY 'secret' REQUIRE SSL");
    await root.query('GRANT ALL ON *.* TO tls');
    await root.end();
    const address = server.address('encrypted', 'tls:secret');
    await failsWith('DENIED', () => openCatalog(address));
    const named = address.replace('127.0.0.1', 'localhost');
    for (const good of [
      `${address}?ssl=required`,
      `${address}?ssl-ca=${made?.certificate}`,
      `${named}?ssl=verify-identity&ssl-ca=${made?.certificate}`,
    ]) {
      await withCatalog(good, async (catalog) => {
        await catalog.replaceAll(photosNamed('a', 3));
        assert.is((await catalog.photos()).length, 3);
      });
    }
    for (const bad of [`${address}?ssl=verify-ca`, `${address}?ssl-ca=${made?.other}`]) {
      const error = await failsWith('CATALOG', () => openCatalog(bad));
      assert.match(error.message, /certificate.*ssl-ca=FILE/s);
    }
  },
);

test.run();
