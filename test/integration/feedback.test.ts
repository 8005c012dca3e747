import path from 'node:path';
import * as assert from 'uvu/assert';
import type { FeedbackKept } from '../../lib/faces/server/schemas.js';
import { sha256Of } from '../../lib/sha256.js';
import { ended, startGillnet } from '../support/command.js';
import { ofType } from '../support/events.js';
import { bucketName, listed, onEach, storeAt } from '../support/s3.js';
import { modelsOf, noisePhoto, randomModel, startServe } from '../support/serving.js';
import { suite, temporaryFolder } from '../support/suite.js';

const test = suite('corrected labels in a bucket');

const { folder: models } = await modelsOf(await randomModel(1));
const photos = await Promise.all(Array.from({ length: 12 }, (_, index) => noisePhoto(index)));

onEach(
  test,
  'what is told over HTTP below a prefix is extracted and trained from there',
  async (_, server) => {
    // Neither the bucket nor the prefix is there before.
    const location = `s3://${bucketName()}/corrected/by people`;
    const cwd = temporaryFolder();
    const env = { ...server.env, GILLNET_CACHE: temporaryFolder(), GILLNET_WEIGHTS: 'none' };
    const args = ['--models', models, '--feedback', location];
    const { child, end, address, said } = await startServe(args, { cwd, env });
    assert.is.not(address, '', said());
    const told = async (bytes: Buffer, label: string) => {
      const body = new FormData();
      body.append('photo', new Blob([bytes]), 'a.png');
      body.append('label', label);
      const answer = await fetch(`${address}/v1/feedback`, { method: 'POST', body });
      assert.is(answer.status, 200, await answer.clone().text());
      return ((await answer.json()) as FeedbackKept).outcome;
    };
    const labelOf = (index: number) => (index % 2 === 0 ? 'cat' : 'dog');
    // As many at once as wait at most.
    for (const from of [0, 6]) {
      const outcomes = photos
        .slice(from, from + 6)
        .map((photo, index) => told(photo, labelOf(from + index)));
      assert.equal(await Promise.all(outcomes), Array(6).fill('kept'));
    }
    const [first] = photos as [Buffer];
    assert.is(await told(first, 'cat'), 'known');
    assert.is(await told(first, 'dog'), 'relabelled');
    child.kill('SIGTERM');
    const served = await end;
    assert.is(served.status, 0);
    assert.equal(ofType(served.events, 'warning'), []);

    const keys = (await listed(storeAt(server, location))).map(({ key }) => key);
    assert.is(keys.length, photos.length);
    assert.ok(keys.includes(`train/dog/${sha256Of(first)}.png`));

    const catalog = `sqlite:${path.join(cwd, 'catalog.db')}`;
    const from = ['--data', location, '--catalog', catalog, '--json'];
    const extracted = await ended(startGillnet(['extract', ...from], { cwd, env }));
    assert.is(extracted.status, 0, extracted.stdout);
    const [counts] = ofType(extracted.events, 'extracted');
    assert.equal(
      [counts?.labels, counts?.splits, counts?.skipped],
      [{ cat: 5, dog: 7 }, { train: 12, val: 0, test: 0 }, 0],
    );

    const quick = ['--epochs', '1', '--image-size', '64', '--batch-size', '4', '--threads', '2'];
    const trained = await ended(startGillnet(['train', ...from, ...quick], { cwd, env }));
    assert.is(trained.status, 0, trained.stdout);
    const [started] = ofType(trained.events, 'started');
    assert.equal(started?.classes, ['cat', 'dog']);
    assert.is((started?.trainPhotos ?? 0) + (started?.valPhotos ?? 0), photos.length);
    assert.is(ofType(trained.events, 'saved').length, 1);
  },
);

test.run();
