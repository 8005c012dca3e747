import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { Catalog } from '../lib/catalog/catalog.js';
import { parseAddress } from '../lib/catalog/mysql-address.js';
import { openCatalog } from '../lib/catalog/open.js';
import { sqliteDriver } from '../lib/catalog/sqlite.js';
import { fingerprintedIn, photosNamed, runProcess } from './support/catalogs.js';
import { failsWith } from './support/errors.js';
import { photo, withoutFingerprints } from './support/photos.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('catalog');

const Database = await sqliteDriver();

const newFile = () => path.join(temporaryFolder(), 'catalog.db');

async function labelsIn(catalog: Catalog): Promise<string[]> {
  return [...new Set((await catalog.photos()).map(({ label }) => label))];
}

test('photos come back as they were, ordered by the code units of their keys', async () => {
  const keys = ['Z', 'a', 'A', 'é', 'e\u0301', '🐟', '\uffff', 'ss', 'ß', 'a b', "'"];
  const photos = keys.map((name, index) =>
    photo({
      key: `train/${name}/1.jpg`,
      split: index % 3 ? 'train' : 'val',
      insertedAt: '2026-02-03T04:05:06.789Z',
    }),
  );
  const catalog = await openCatalog('sqlite::memory:');
  await catalog.replaceAll(photos);
  const expected = photos.sort((a, b) => (a.key < b.key ? -1 : 1));
  assert.equal(await fingerprintedIn(catalog), expected);
  assert.equal(await catalog.photos(), withoutFingerprints(expected));
  assert.equal(
    await catalog.photos({ split: 'val' }),
    withoutFingerprints(expected.filter(({ split }) => split === 'val')),
  );
  await catalog.close();
});

test('a split that another program writes in capitals is the same split', async () => {
  const file = newFile();
  const catalog = await openCatalog(`sqlite:${file}`);
  await catalog.replaceAll(photosNamed('a', 2));
  const database = new Database(file);
  database.exec("UPDATE fish_data SET split = 'TEST' WHERE object_key LIKE '%1.jpg'");
  database.close();
  assert.equal(
    (await catalog.photos({ split: 'test' })).map(({ key, split }) => [key, split]),
    [['train/a/0000001.jpg', 'test']],
  );
  await catalog.close();
});

test('a transaction that fails half way leaves the old rows', async () => {
  const catalog = await openCatalog('sqlite::memory:');
  const before = photosNamed('before', 3);
  await catalog.replaceAll(before);
  const broken = [...photosNamed('after', 600), { ...photo({ key: 'x' }), label: null as never }];
  await failsWith('CATALOG', () => catalog.replaceAll(broken));
  assert.equal(await fingerprintedIn(catalog), before);
  await catalog.close();
});

test('replacements at once, of one process and of several, leave one of the sets', async () => {
  const file = newFile();
  const catalogs = await Promise.all([1, 2, 3].map(() => openCatalog(`sqlite:${file}`)));
  await Promise.all(
    catalogs.map((catalog, index) => catalog.replaceAll(photosNamed(`own ${index}`, 1500))),
  );
  const [first] = catalogs as [Catalog];
  assert.is((await first.photos()).length, 1500);
  assert.is((await labelsIn(first)).length, 1);

  const source = `
    const catalog = await openCatalog(location);
    for (let times = 0; times < 3; times += 1) await catalog.replaceAll(photosNamed(name, 1500));
    await catalog.close();`;
  const endings = ['x', 'y'].map((label) => runProcess(source, `sqlite:${file}`, label));
  let ended = false;
  const all = Promise.all(endings).finally(() => {
    ended = true;
  });
  const seen = new Set<string>();
  while (!ended) {
    const found = await labelsIn(first);
    // Readers never see some of two sets.
    assert.is(found.length, 1);
    seen.add(String(found[0]));
    await pause(5);
  }
  for (const { code, output } of await all) assert.equal([code, output], [0, '']);
  assert.is((await first.photos()).length, 1500);
  assert.ok(seen.has('x') || seen.has('y'));
  for (const catalog of catalogs) await catalog.close();
});

test("the original service's table is taken over with its rows, in its first version too", async () => {
  for (const split of ['split VARCHAR(10) NOT NULL,', '']) {
    const file = newFile();
    const url = 'http://localhost:9000/dataset-fish/train/Gold Fish/img 1.jpg';
    const database = new Database(file);
    database.exec(`CREATE TABLE fish_data (
      id INTEGER PRIMARY KEY AUTOINCREMENT, species_label VARCHAR(100) NOT NULL,
      file_name VARCHAR(255) NOT NULL, url_s3 TEXT NOT NULL, ${split}
      insert_date DATETIME DEFAULT CURRENT_TIMESTAMP)`);
    const insert = split
      ? "INSERT INTO fish_data (species_label, file_name, url_s3, split) VALUES ('a', 'b', ?, 'train')"
      : "INSERT INTO fish_data (species_label, file_name, url_s3) VALUES ('a', 'b', ?)";
    database.prepare(insert).run(url);
    const catalog = await openCatalog(`sqlite:${file}`);
    assert.is(await catalog.unextracted(), url);
    assert.match((await failsWith('CATALOG', () => catalog.photos())).message, /gillnet extract/);
    assert.equal(database.prepare('SELECT species_label, split FROM fish_data').all(), [
      { species_label: 'a', split: 'train' },
    ]);
    await catalog.replaceAll(photosNamed('own', 2));
    assert.is(await catalog.unextracted(), null);
    assert.equal(await fingerprintedIn(catalog), photosNamed('own', 2));
    database.prepare(insert).run(url);
    assert.is(await catalog.unextracted(), url);
    await failsWith('CATALOG', () => catalog.photos());
    await catalog.close();
    database.close();
  }
});

test('a damaged catalog, and an address of another kind, are refused', async () => {
  const file = newFile();
  await writeFile(file, 'this is no database, and long enough to be looked at as one'.repeat(20));
  await failsWith('CATALOG', () => openCatalog(`sqlite:${file}`));
  for (const address of [
    'postgres://user:secret@host/db',
    'mysql:user:secret@host/db',
    'sqlite:',
  ]) {
    const error = await failsWith('USAGE', () => openCatalog(address));
    assert.match(error.message, `received ${address.split(':')[0]}:`);
    assert.not.match(error.message, /secret/);
  }
});

test("a MySQL database's address is read, and shown without its password", () => {
  const plain = parseAddress('mysql://root:root@db.example:33060/mlops');
  assert.equal(plain, {
    ...{ host: 'db.example', port: 33060, user: 'root', password: 'root', database: 'mlops' },
    ...{ server: 'db.example:33060', location: 'mysql://root@db.example:33060/mlops' },
  });
  const { host, port, user, password, database, server, location } = parseAddress(
    'mysql://us%40er:p%40%3A%2F%25%F0%9F%90%9F@[::1]/Fish%20data?ssl=required',
  );
  assert.equal(
    { host, port, user, password, database, server },
    {
      ...{ host: '::1', port: 3306, user: 'us@er', password: 'p@:/%🐟' },
      ...{ database: 'Fish data', server: '[::1]:3306' },
    },
  );
  assert.is(location, 'mysql://us%40er@[::1]/Fish%20data?ssl=required');
  assert.is(parseAddress('mysql://root@h/d').password, '');
});

test('TLS is asked for in the address', async () => {
  const file = path.join(temporaryFolder(), 'ca.pem');
  await writeFile(file, 'a certificate');
  const ca = Buffer.from('a certificate');
  const of = (parameters: string) => parseAddress(`mysql://u:p@host/d${parameters}`).tls;
  const [required, chain, whole] = [
    { rejectUnauthorized: false, verifyIdentity: false },
    { rejectUnauthorized: true, verifyIdentity: false },
    { rejectUnauthorized: true, verifyIdentity: true },
  ];
  assert.is(of(''), undefined);
  assert.is(of('?ssl=disabled'), undefined);
  assert.equal(of('?ssl=required'), required);
  assert.equal(of('?ssl=verify-ca'), chain);
  assert.equal(of(`?ssl-ca=${file}`), { ...chain, ca });
  assert.equal(of(`?ssl-ca=${file}&ssl=verify-identity`), { ...whole, ca });
});

test('an address that can not work is refused with what is wrong, an example, and no password', async () => {
  const wrong: [string, RegExp][] = [
    ['mysql://user:secret@host:99999/db', /1 to 65535/],
    ['mysql://user:secret@host:0/db', /1 to 65535/],
    ['mysql://user:secret@host:port/db', /1 to 65535/],
    ['mysql://user:secret', /1 to 65535/],
    ['mysql://user:secret@host', /names no database/],
    ['mysql://user:secret@host/', /names no database/],
    ['mysql://user:secret@host/a/b', /slash/],
    [`mysql://user:secret@host/${'d'.repeat(65)}`, /longer than 64/],
    ['mysql://:secret@host/db', /names no user/],
    ['mysql://user:secret@host/db#x', /%23/],
    ['mysql://user:secret%zz@host/db', /percent-encoding/],
    ['mysql://user:secret#1@host/db', /mysql/],
    ['mysql://user:secret/1@host/db', /mysql/],
    ['mysql://user:secret?1@host/db', /mysql/],
    ['mysql://user:a@host/db?password=secret', /unknown parameter password/],
    ['mysql://user:secret@host/db?ssl=perhaps', /disabled, required, verify-ca/],
    ['mysql://user:secret@host/db?ssl-ca=/nowhere/ca.pem', /can't be read/],
    ['mysql://user:secret@host/db?ssl=required&ssl-ca=x', /verify-ca/],
    ['mysql://user:secret@127.0.0.1/db?ssl=verify-identity', /name of a host/],
  ];
  for (const [address, reason] of wrong) {
    const error = await failsWith('USAGE', () => openCatalog(address));
    assert.match(error.message, reason, address);
    assert.match(error.message, /Expected (mysql:\/\/user:password@|a file)/, address);
    assert.not.match(error.message, /secret/, address);
  }
});

test('a server that is not there is named, and a password that everybody knows is warned of', async () => {
  for (const [host, codes] of [
    ['127.0.0.1', []],
    ['0.0.0.0', ['DEFAULT_CREDENTIALS']],
  ] as const) {
    const warned: string[] = [];
    const began = performance.now();
    const error = await failsWith('UNREACHABLE', () =>
      openCatalog(`mysql://root:root@${host}:1/mlops`, { warn: (code) => warned.push(code) }),
    );
    assert.ok(performance.now() - began < 5000);
    assert.match(error.message, `${host}:1`);
    assert.equal(warned, codes);
  }
});

test.run();
