import { setTimeout as pause } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import * as assert from 'uvu/assert';
import {
  fingerprintedIn,
  photosNamed,
  rowsOf,
  runProcess,
  withCatalog,
} from '../support/catalogs.js';
import { failsWith } from '../support/errors.js';
import { onEachDatabase } from '../support/mysql.js';
import { suite } from '../support/suite.js';

const test = suite('a catalog with several writers');

const replaceOften = `
  const catalog = await openCatalog(location);
  for (let times = 0; times < 5; times += 1) await catalog.replaceAll(photosNamed(name, 1200));
  await catalog.close();`;

/** Waits until a statement on the table waits for a lock, or runs. */
async function whileWriting(root: Connection, verb: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const running = await rowsOf(root, 'SHOW FULL PROCESSLIST');
    if (running.some(({ Info }) => String(Info).toLowerCase().startsWith(verb))) return;
    await pause(10);
  }
  throw new Error(`No ${verb} was seen`);
}

onEachDatabase(
  test,
  'of processes that replace the photos at once none fails, and one of the sets stands at the end',
  async (server, database) => {
    const location = server.address(database);
    const names = ['one', 'two', 'three'];
    const endings = await Promise.all(
      names.map((name) => runProcess(replaceOften, location, name)),
    );
    assert.equal(
      endings.map(({ code, output }) => [code, output]),
      names.map(() => [0, '']),
    );
    await withCatalog(location, async (catalog) => {
      const photos = await fingerprintedIn(catalog);
      const name = photos[0]?.label ?? '';
      assert.ok(names.includes(name));
      assert.equal(photos, photosNamed(name, 1200));
    });
  },
);

onEachDatabase(
  test,
  'replacements of an empty catalog never add up, whatever isolation the server begins with',
  async (server, database, root) => {
    const [before] = await rowsOf(root, "SHOW VARIABLES LIKE 't%_isolation'");
    await root.query('SET GLOBAL TRANSACTION ISOLATION LEVEL READ COMMITTED');
    try {
      const location = server.address(database);
      await withCatalog(location, (one) =>
        withCatalog(location, async (two) => {
          for (let round = 0; round < 10; round += 1) {
            await one.replaceAll([]);
            await Promise.all([
              one.replaceAll(photosNamed('one', 1200)),
              two.replaceAll(photosNamed('two', 1200)),
            ]);
            const photos = await fingerprintedIn(one);
            assert.equal(photos, photosNamed(photos[0]?.label ?? '', 1200));
          }
        }),
      );
    } finally {
      const level = String(before?.Value).replace('-', ' ');
      await root.query(`SET GLOBAL TRANSACTION ISOLATION LEVEL ${level}`);
    }
  },
);

onEachDatabase(
  test,
  'readers see the old photos or the new ones, never some of both',
  async (server, database) => {
    const location = server.address(database);
    await withCatalog(location, async (catalog) => {
      await catalog.replaceAll(photosNamed('start', 1200));
      const writer = runProcess(replaceOften, location, 'one');
      let ended = false;
      writer.finally(() => {
        ended = true;
      });
      const seen = new Set<string>();
      while (!ended) {
        const labels = (await fingerprintedIn(catalog)).map(({ label }) => label);
        assert.is(labels.length, 1200);
        assert.is(new Set(labels).size, 1);
        seen.add(String(labels[0]));
      }
      assert.equal([(await writer).code, seen], [0, new Set(['start', 'one'])]);
    });
  },
);

onEachDatabase(
  test,
  'a deadlock with another program is no failure',
  async (server, database, root) => {
    await withCatalog(server.address(database), async (catalog) => {
      await catalog.replaceAll(photosNamed('before', 5));
      await root.query(`USE ${database}`);
      const [first, last] = await rowsOf(
        root,
        'SELECT MIN(id) AS id FROM fish_data UNION SELECT MAX(id) FROM fish_data',
      );
      // InnoDB ends the transaction that changed less, which must not be this one.
      await root.query('CREATE TABLE ballast (id INT AUTO_INCREMENT PRIMARY KEY, x INT)');
      await root.query('BEGIN');
      await root.query(`INSERT INTO ballast (x) VALUES ${Array(1000).fill('(1)').join()}`);
      const touch = (id: number) => root.query(`UPDATE fish_data SET width = 99 WHERE id = ${id}`);
      await touch(last?.id);
      const replaced = catalog.replaceAll(photosNamed('after', 5));
      const watcher = await server.root();
      await whileWriting(watcher, 'delete');
      await watcher.end();
      // Waits for the first row, which the other holds while it waits for the last: one of both must give way.
      await touch(first?.id);
      await root.query('COMMIT');
      await replaced;
      assert.equal(await fingerprintedIn(catalog), photosNamed('after', 5));
    });
  },
);

onEachDatabase(
  test,
  'a lock that another program holds too long is waited for again',
  async (server, database, root) => {
    const name = 'GLOBAL innodb_lock_wait_timeout';
    const [before] = await rowsOf(root, 'SELECT @@GLOBAL.innodb_lock_wait_timeout AS seconds');
    await root.query(`SET ${name} = 1`);
    try {
      await withCatalog(server.address(database), async (catalog) => {
        await catalog.replaceAll(photosNamed('before', 5));
        await root.query(`USE ${database}`);
        await root.query('BEGIN');
        await root.query('SELECT * FROM fish_data FOR UPDATE');
        const began = performance.now();
        const replaced = catalog.replaceAll(photosNamed('after', 5));
        await pause(2500);
        assert.equal(await fingerprintedIn(catalog), photosNamed('before', 5));
        await root.query('COMMIT');
        await replaced;
        assert.ok(performance.now() - began > 2500);
        assert.equal(await fingerprintedIn(catalog), photosNamed('after', 5));
      });
    } finally {
      await root.query(`SET ${name} = ${before?.seconds}`);
    }
  },
);

onEachDatabase(
  test,
  'a connection that is killed in mid-transaction costs nothing but the time',
  async (server, database, root) => {
    await withCatalog(server.address(database), async (catalog) => {
      await catalog.replaceAll(photosNamed('before', 5));
      await root.query(`USE ${database}`);
      await root.query('BEGIN');
      await root.query('SELECT * FROM fish_data FOR UPDATE');
      const replaced = catalog.replaceAll(photosNamed('after', 1200));
      await whileWriting(root, 'delete');
      const [id] = (await rowsOf(root, 'SHOW FULL PROCESSLIST'))
        .filter(({ Info }) => /^delete/i.test(String(Info)))
        .map(({ Id }) => Number(Id));
      await root.query(`KILL CONNECTION ${id}`);
      await root.query('COMMIT');
      await replaced;
      assert.equal(await fingerprintedIn(catalog), photosNamed('after', 1200));
    });
  },
);

onEachDatabase(
  test,
  'a trigger that refuses one row leaves the old rows',
  async (server, database, root) => {
    await withCatalog(server.address(database), async (catalog) => {
      await catalog.replaceAll(photosNamed('before', 5));
      await root.query(`USE ${database}`);
      await root.query(`CREATE TRIGGER refuse BEFORE INSERT ON fish_data FOR EACH ROW
        IF NEW.object_key LIKE '%0001100.jpg' THEN
          SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one';
        END IF`);
      const error = await failsWith('CATALOG', () =>
        catalog.replaceAll(photosNamed('after', 1200)),
      );
      assert.match(error.message, /not this one/);
      assert.equal(await fingerprintedIn(catalog), photosNamed('before', 5));
    });
  },
);

test.run();
