import * as assert from 'uvu/assert';
import { openCatalog } from '../../lib/catalog/open.js';
import { make, original, rowsOf, runProcess, withCatalog } from '../support/catalogs.js';
import { failsWith } from '../support/errors.js';
import { onEachDatabase } from '../support/mysql.js';
import { photo } from '../support/photos.js';
import { suite } from '../support/suite.js';

const test = suite("the original service's table");

for (const [name, options, split] of [
  ['as it is today', '', undefined],
  ['in latin1', 'DEFAULT CHARACTER SET latin1', undefined],
  ['in utf8mb3, without splits, without transactions', 'CHARACTER SET utf8mb3 ENGINE=MyISAM', ''],
] as const) {
  onEachDatabase(
    test,
    `the original service's table is taken over with its rows: ${name}`,
    async (server, database, root) => {
      await make(database, root);
      await root.query(original.create(options, split));
      const insert =
        split === '' ? original.insert.replace(', split', '').replace('?, ', '') : original.insert;
      const rows = original.rows.map((row) => (split === '' ? row.slice(0, 3) : row));
      for (const row of rows) await root.query(insert, row);
      const columns = original.columns.filter((column) => split !== '' || column !== 'split');
      const before = await rowsOf(root, `SELECT ${columns} FROM fish_data ORDER BY id`);

      const states = [];
      for (let times = 0; times < 2; times += 1) {
        await withCatalog(server.address(database), async (catalog) => {
          assert.is(await catalog.unextracted(), original.rows[0]?.[2]);
          const error = await failsWith('CATALOG', () => catalog.photos());
          assert.match(error.message, /gillnet extract/);
        });
        assert.equal(await rowsOf(root, `SELECT ${columns} FROM fish_data ORDER BY id`), before);
        states.push(await rowsOf(root, 'SHOW CREATE TABLE fish_data'));
      }
      assert.equal(states[0], states[1]);
      assert.match(String(states[0]?.[0]?.['Create Table']), /ENGINE=InnoDB.*CHARSET=utf8mb4/);
      if (split === '') {
        assert.equal(
          (await rowsOf(root, 'SELECT DISTINCT split FROM fish_data')).map((row) => row.split),
          ['train'],
        );
      }
      await root.query(insert, rows[0]);
      await withCatalog(server.address(database), async (catalog) => {
        await catalog.replaceAll([photo({ key: 'train/🐟/ü.jpg', label: '🐟' })]);
        assert.is(await catalog.unextracted(), null);
        assert.is((await catalog.photos())[0]?.label, '🐟');
        await root.query(insert, rows[0]);
        assert.is(await catalog.unextracted(), original.rows[0]?.[2]);
        await failsWith('CATALOG', () => catalog.photos());
      });
    },
  );
}

onEachDatabase(
  test,
  'processes that take one table over at once all succeed, and lose no row',
  async (server, database, root) => {
    await make(database, root);
    await root.query(original.create('DEFAULT CHARACTER SET latin1'));
    for (const row of original.rows) await root.query(original.insert, row);
    const source = `
      const catalog = await openCatalog(location);
      console.log(await catalog.unextracted());
      await catalog.close();`;
    const endings = await Promise.all(
      Array.from({ length: 4 }, () => runProcess(source, server.address(database))),
    );
    for (const { code, output } of endings) {
      assert.is(output, original.rows[0]?.[2]);
      assert.is(code, 0);
    }
    const rows = await rowsOf(root, 'SELECT species_label FROM fish_data ORDER BY id');
    assert.equal(
      rows.map((row) => row.species_label),
      original.rows.map(([label]) => label),
    );
  },
);

onEachDatabase(
  test,
  "another program's table of the same name is left alone",
  async (server, database, root) => {
    await root.query(`CREATE DATABASE ${database}`);
    await root.query(`CREATE TABLE ${database}.fish_data (id INT PRIMARY KEY, weight DOUBLE)`);
    const error = await failsWith('CATALOG', () => openCatalog(server.address(database)));
    assert.match(error.message, /without species_label/);
    const [made] = await rowsOf(root, `SHOW CREATE TABLE ${database}.fish_data`);
    assert.not.match(String(made?.['Create Table']), /object_key/);
  },
);

test.run();
