import path from 'node:path';
import * as assert from 'uvu/assert';
import type { FeedbackKept, Predictions } from '../../lib/faces/server/schemas.js';
import { sha256Of } from '../../lib/sha256.js';
import { ended, startGillnet } from '../support/command.js';
import { ofType } from '../support/events.js';
import { bucketName, listed, newStore, onEach, storeAt } from '../support/s3.js';
import {
  modelsOf,
  noisePhoto,
  predictAt,
  published,
  randomModel,
  startServe,
} from '../support/serving.js';
import { suite, temporaryFolder } from '../support/suite.js';

const test = suite('a server and a bucket');

const photos = await Promise.all(Array.from({ length: 12 }, (_, index) => noisePhoto(index)));
const models = [await randomModel(1), await randomModel(2)] as const;

onEach(test, 'what is promoted there takes over, and no request is dropped', async (_, server) => {
  const store = await newStore(server);
  const { names, promoted } = await published(store, [...models]);
  await promoted(0);
  const env = { ...server.env, GILLNET_CACHE: temporaryFolder() };
  const args = ['--interval', '0.3', '--models', store.location];
  const { child, end, address, said } = await startServe(args, { cwd: temporaryFolder(), env });
  assert.is.not(address, '', said());
  const answeredBy = async () => {
    const answer = await predictAt(address, photos[0] as Buffer);
    assert.is(answer.status, 200);
    return ((await answer.json()) as Predictions).model.name;
  };
  for (const [from, to] of [
    [0, 1],
    [1, 0],
  ] as const) {
    assert.is(await answeredBy(), names[from]);
    await promoted(to);
    const deadline = performance.now() + 30_000;
    for (let name = names[from]; name !== names[to]; name = await answeredBy()) {
      assert.is(name, names[from]);
      assert.ok(performance.now() < deadline, 'it takes over');
    }
  }
  child.kill('SIGTERM');
  const { status, events } = await end;
  assert.is(status, 0);
  assert.equal(
    ofType(events, 'served').map(({ model, before }) => [model, before]),
    [
      [names[1], names[0]],
      [names[0], names[1]],
    ],
  );
  assert.equal(ofType(events, 'warning'), []);
});

onEach(
  test,
  'what is told over HTTP below a prefix is extracted and trained from there',
  async (_, server) => {
    // Neither the bucket nor the prefix is there before.
    const location = `s3://${bucketName()}/corrected/by people`;
    const { folder } = await modelsOf(models[0]);
    const cwd = temporaryFolder();
    const env = { ...server.env, GILLNET_CACHE: temporaryFolder(), GILLNET_WEIGHTS: 'none' };
    const args = ['--models', folder, '--feedback', location];
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
