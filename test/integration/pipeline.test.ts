import { readdir } from 'node:fs/promises';
import * as assert from 'uvu/assert';
import type { GillnetEvent } from '../../lib/pipeline/events.js';
import { ended, startGillnet } from '../support/command.js';
import { ofType } from '../support/events.js';
import { listed, storeAt } from '../support/s3.js';
import { bothServers, folderOfPhotos, services } from '../support/services.js';
import { shared, suite, temporaryFolder } from '../support/suite.js';

const test = suite('the pipeline on an S3 bucket and a MySQL database');

const quick = ['--epochs', '1', '--image-size', '64', '--batch-size', '8', '--threads', '2'];

/** All that a training tells of its course, without times. */
function course(events: GillnetEvent[]) {
  return {
    losses: ofType(events, 'step').map(({ loss }) => loss),
    epochs: ofType(events, 'epoch').map(({ trainLoss, valLoss, valAccuracy }) => [
      trainLoss,
      valLoss,
      valAccuracy,
    ]),
  };
}

function lastOf<T extends GillnetEvent['type']>(events: GillnetEvent[], type: T) {
  const [last] = ofType(events, type).slice(-1);
  assert.ok(last, `no event ${type}`);
  return last as GillnetEvent<T>;
}

test.needs(bothServers, 'every stage does what it does on a folder and SQLite', async () => {
  const data = await folderOfPhotos(60);
  const bucket = 's3://from-folder';
  const { succeeds, query, s3, cwd } = await services();
  const uploaded = await succeeds('upload', data, '--data', bucket);
  assert.is(lastOf(uploaded.events, 'uploaded').photos, 72);

  const args = [...quick, '--epochs', '2'];
  const trained = await succeeds('run', '--data', bucket, ...args);
  const plain = { cwd: temporaryFolder(), env: { GILLNET_WEIGHTS: 'none' } };
  const onFolder = await ended(startGillnet(['run', '--data', data, ...args, '--json'], plain));
  assert.equal(course(trained.events), course(onFolder.events));
  assert.is(course(trained.events).losses.length, 12);
  assert.equal(
    ofType(trained.events, 'predicted').map(({ photo, confidence }) => [photo, confidence]),
    ofType(onFolder.events, 'predicted').map(({ photo, confidence }) => [photo, confidence]),
  );

  const [row] = await query("SELECT * FROM fish_data WHERE split = 'test' ORDER BY id LIMIT 1");
  assert.is(row?.url_s3, `${s3.endpoint}/from-folder/${row?.object_key}`);
  assert.is(row?.species_label, 'Gold Fish');

  const models = await succeeds('models', 'list');
  const { model } = lastOf(trained.events, 'saved');
  assert.match(models.stdout, model);
  const evaluated = await succeeds('evaluate', '--model', model);
  assert.is(
    lastOf(evaluated.events, 'evaluated').accuracy,
    lastOf(trained.events, 'done').testAccuracy,
  );
  const elsewhere = await succeeds('evaluate', '--data', `${bucket}/test`);
  assert.is(lastOf(elsewhere.events, 'evaluated').photos, 12);
  assert.equal(
    (await readdir(cwd)).filter((name) => name !== '.gillnet'),
    [],
  );
});

test.needs(bothServers, 'ten photos are drawn anew, unless a seed is given', async () => {
  const { succeeds } = await services();
  const data = await folderOfPhotos(100);
  await succeeds('upload', data, '--data', 's3://to-draw-from');
  await succeeds('train', '--data', 's3://to-draw-from', ...quick);
  const draw = async (...args: string[]) => {
    const { events } = await succeeds('predict', ...args);
    const predicted = ofType(events, 'predicted');
    assert.is(predicted.length, 10);
    const right = predicted.filter(({ label, expected }) => label === expected).length;
    const { photos, right: told } = lastOf(events, 'tried');
    assert.equal([photos, told], [10, right]);
    for (const { photo, expected } of predicted) {
      assert.ok(photo.startsWith(`test/${expected}/`), photo);
    }
    return predicted.map(({ photo }) => photo).join();
  };
  assert.is(await draw('--seed', '7'), await draw('--seed', '7'));
  assert.is.not(await draw(), await draw(), 'twice the same ten of twenty');
});

test.needs(
  bothServers,
  'the table that the original service has filled is taken over',
  async () => {
    const { succeeds, query, s3 } = await services();
    const data = await folderOfPhotos(40);
    await succeeds('upload', data, '--data', 's3://dataset-fish');
    await query(`CREATE TABLE fish_data (
    id INT AUTO_INCREMENT PRIMARY KEY, species_label VARCHAR(100) NOT NULL,
    file_name VARCHAR(255) NOT NULL, url_s3 TEXT NOT NULL, split VARCHAR(10) NOT NULL,
    insert_date DATETIME DEFAULT CURRENT_TIMESTAMP)`);
    await query(`INSERT INTO fish_data (species_label, file_name, url_s3, split) VALUES
    ('Gold Fish', 'Gold Fish (1) 50%+#é.jpg',
     'http://localhost:9000/dataset-fish/train/Gold Fish/Gold Fish (1) 50%+#é.jpg', 'train')`);
    const trained = await succeeds('train', ...quick);
    assert.is(ofType(trained.events, 'warning')[0]?.code, 'FOREIGN_ROWS');
    assert.is(lastOf(trained.events, 'extracted').photos, 48);

    const found = await query('SELECT id, species_label, file_name, url_s3, split FROM fish_data');
    assert.is(found.length, 48);
    // How the original's two readers come from a row to a key.
    const keys = (await listed(storeAt(s3, 's3://dataset-fish'))).map(({ key }) => key);
    for (const { species_label, file_name, url_s3, split } of found) {
      assert.ok(keys.includes(url_s3.split('/').slice(4).join('/')), url_s3);
      assert.ok(keys.includes(`${split}/${species_label}/${file_name}`), file_name);
    }
  },
);

const fish = shared('data', 'fish');

test.needs(
  fish,
  'photos of fish train to the same losses from a bucket as from a folder',
  async () => {
    const { succeeds } = await services();
    const uploaded = await succeeds('upload', fish, '--data', 's3://fish');
    assert.is(lastOf(uploaded.events, 'uploaded').photos, 1530);
    const args = ['--epochs', '1', '--image-size', '64', '--threads', '2'];
    const trained = await succeeds('train', '--data', 's3://fish', ...args);
    const plain = { cwd: temporaryFolder(), env: { GILLNET_WEIGHTS: 'none' } };
    const onFolder = await ended(startGillnet(['train', '--data', fish, ...args, '--json'], plain));
    assert.equal(course(trained.events), course(onFolder.events));
    assert.ok(course(trained.events).losses.length > 15);
  },
);

test.run();
