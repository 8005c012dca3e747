import * as assert from 'uvu/assert';
import {
  fingerprintedIn,
  make,
  original,
  photosNamed,
  rowsOf,
  withCatalog,
} from '../support/catalogs.js';
import { failsWith } from '../support/errors.js';
import { onEachDatabase } from '../support/mysql.js';
import { photo, withoutFingerprints } from '../support/photos.js';
import { suite } from '../support/suite.js';

const test = suite('catalog in MySQL');

onEachDatabase(
  test,
  'a missing database and table are made, with the types of the original service',
  async (server, database, root) => {
    await withCatalog(server.address(database), async (catalog) => {
      assert.is(catalog.location, server.address(database, 'root'));
      assert.equal(await catalog.photos(), []);
      assert.is(await catalog.unextracted(), null);
    });
    await root.query(`USE ${database}`);
    const columns = await rowsOf(
      root,
      `SELECT column_name AS name, data_type AS type, character_maximum_length AS length,
        is_nullable AS optional, character_set_name AS letters FROM information_schema.columns
        WHERE table_schema = ? AND table_name = 'fish_data' ORDER BY ordinal_position`,
      [database],
    );
    const told = columns.map(({ name, type, length, optional, letters }) =>
      [name, type, length, optional, letters].join(' '),
    );
    assert.equal(told.slice(0, 6), [
      'id int  NO ',
      'species_label varchar 100 NO utf8mb4',
      'file_name varchar 255 NO utf8mb4',
      'url_s3 text 65535 NO utf8mb4',
      'split varchar 10 NO utf8mb4',
      'insert_date datetime  YES ',
    ]);
    const [made] = await rowsOf(root, 'SHOW CREATE TABLE fish_data');
    assert.match(String(made?.['Create Table']), /ENGINE=InnoDB/);
    assert.match(String(made?.['Create Table']), /`object_key` [^,]*COLLATE utf8mb4_bin/);
    await root.query(original.insert, original.rows[0]);
  },
);

onEachDatabase(
  test,
  'every letter comes back as it was, in the order that SQLite gives',
  async (server, database, root) => {
    const keys = [
      '🐟',
      'é',
      'e\u0301',
      'E',
      'e',
      '\uffff',
      'Z',
      'a b',
      'ä',
      'ß',
      'ss',
      'Äsche',
      "' \\ %",
    ];
    const photos = keys.map((name, index) =>
      photo({
        key: `train/${name}/1.jpg`,
        label: name,
        split: index % 2 ? 'test' : 'train',
        insertedAt: `2026-02-03T04:05:0${index % 10}.000Z`,
      }),
    );
    const read = async (location: string) =>
      withCatalog(location, async (catalog) => {
        await catalog.replaceAll(photos);
        return [await fingerprintedIn(catalog), await catalog.photos({ split: 'test' })];
      });
    const found = await read(server.address(database));
    assert.equal(found, await read('sqlite::memory:'));
    const expected = photos.sort((a, b) => (a.key < b.key ? -1 : 1));
    const tests = expected.filter(({ split }) => split === 'test');
    assert.equal(found, [expected, withoutFingerprints(tests)]);
    await root.query(`USE ${database}`);
    const [row] = await rowsOf(
      root,
      "SELECT insert_date FROM fish_data WHERE species_label = '🐟'",
    );
    assert.is(row?.insert_date, '2026-02-03 04:05:00');
  },
);

onEachDatabase(
  test,
  'a date is cut to the digits that its column keeps, never rounded up',
  async (server, database, root) => {
    const insertedAt = '2026-12-31T23:59:59.987Z';
    await make(database, root);
    for (const [digits, expected] of [
      ['', '2026-12-31T23:59:59.000Z'],
      ['(1)', '2026-12-31T23:59:59.900Z'],
      ['(6)', insertedAt],
    ]) {
      await root.query('DROP TABLE IF EXISTS fish_data');
      await root.query(
        original.create().replaceAll(/DATETIME|CURRENT_TIMESTAMP/g, (word) => word + digits),
      );
      await withCatalog(server.address(database), async (catalog) => {
        await catalog.replaceAll([photo({ key: 'train/a/1.jpg', insertedAt })]);
        assert.is((await catalog.photos())[0]?.insertedAt, expected);
      });
    }
  },
);

onEachDatabase(
  test,
  'what does not fit its column is refused by name, with nothing changed, on lenient servers too',
  async (server, database, root) => {
    const [mode] = await rowsOf(root, 'SELECT @@GLOBAL.sql_mode AS mode');
    await root.query("SET GLOBAL sql_mode = ''");
    try {
      await withCatalog(server.address(database), async (catalog) => {
        const photos = photosNamed('before', 3);
        await catalog.replaceAll(photos);
        const key = 'train/x/1.jpg';
        for (const [column, facts] of [
          ['species_label', { label: '🐟'.repeat(101) }],
          ['file_name', { fileName: 'x'.repeat(256) }],
          ['url_s3', { url: 'ü'.repeat(32_768) }],
        ] as const) {
          const wrong = [...photosNamed('after', 600), photo({ key, ...facts })];
          const error = await failsWith('CATALOG', () => catalog.replaceAll(wrong));
          assert.match(error.message, key);
          assert.match(error.message, column);
          assert.equal(await fingerprintedIn(catalog), photos);
        }
        const longest = photo({
          key: `train/${'k'.repeat(1018)}`,
          label: '🐟'.repeat(100),
          fileName: 'é'.repeat(255),
          url: 'x'.repeat(65_535),
        });
        await catalog.replaceAll([longest]);
        assert.equal(await fingerprintedIn(catalog), [longest]);
        // The check beforehand knows the columns as they were at the start.
        await root.query(
          `ALTER TABLE ${database}.fish_data MODIFY file_name VARCHAR(300) NOT NULL`,
        );
        await root.query(`ALTER TABLE ${database}.fish_data MODIFY species_label VARCHAR(100) NOT NULL,
          MODIFY etag VARCHAR(5)`);
        const late = [...photosNamed('after', 600), photo({ key, etag: '1234567' })];
        assert.match((await failsWith('CATALOG', () => catalog.replaceAll(late))).message, /etag/);
        assert.equal(await fingerprintedIn(catalog), [longest]);
      });
    } finally {
      await root.query('SET GLOBAL sql_mode = ?', [mode?.mode]);
    }
  },
);

onEachDatabase(
  test,
  'statements with values are prepared on the server, and few of them are kept there',
  async (server, database, root) => {
    const status = async (name: string) =>
      Number((await rowsOf(root, `SHOW GLOBAL STATUS LIKE '${name}'`))[0]?.Value);
    await withCatalog(server.address(database), async (catalog) => {
      await root.query("SET GLOBAL log_output = 'TABLE'");
      await root.query('SET GLOBAL general_log = ON');
      const before = await status('Com_stmt_execute');
      await catalog.replaceAll(photosNamed("x' OR 1 -- ", 3));
      assert.is((await catalog.photos({ split: 'train' })).length, 3);
      await root.query('SET GLOBAL general_log = OFF');
      assert.ok((await status('Com_stmt_execute')) >= before + 2);
      const log = await rowsOf(
        root,
        `SELECT command_type AS type, CONVERT(LEFT(argument, 20) USING utf8mb4) AS said FROM mysql.general_log
          WHERE argument LIKE '%fish_data%'`,
      );
      const types = (verb: RegExp) =>
        new Set(log.filter(({ said }) => verb.test(said)).map(({ type }) => type));
      assert.equal(types(/^insert/i), new Set(['Prepare', 'Execute']));
      assert.equal(types(/^select `id`/i), new Set(['Prepare', 'Execute']));

      for (let count = 1; count <= 100; count += 1)
        await catalog.replaceAll(photosNamed('y', count));
      const kept = await status('Prepared_stmt_count');
      assert.ok(kept <= 4 * 8, `${kept} statements are kept`);
    });
    await root.query('SET GLOBAL general_log = OFF');
    await root.query('TRUNCATE mysql.general_log');
  },
);

onEachDatabase(
  test,
  'a hundred thousand photos are replaced within 20 s',
  async (server, database) => {
    await withCatalog(server.address(database), async (catalog) => {
      const photos = photosNamed('many', 100_000);
      for (const what of ['written', 'replaced']) {
        const began = performance.now();
        await catalog.replaceAll(photos);
        const seconds = (performance.now() - began) / 1000;
        console.log(`100,000 photos ${what} in ${seconds.toFixed(1)} s`);
        assert.ok(seconds < 20);
      }
      const began = performance.now();
      assert.is((await catalog.photos()).length, 100_000);
      console.log(`and read in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    });
  },
);

test.run();
