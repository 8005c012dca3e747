import * as assert from 'uvu/assert';
import type { Predictions } from '../../lib/faces/server/schemas.js';
import { ofType } from '../support/events.js';
import { newStore, onEach } from '../support/s3.js';
import { noisePhoto, predictAt, published, randomModel, startServe } from '../support/serving.js';
import { suite, temporaryFolder } from '../support/suite.js';

const test = suite('serving the models of a bucket');

const photo = await noisePhoto(0);
const models = [await randomModel(1), await randomModel(2)];

onEach(test, 'what is promoted there takes over, and no request is dropped', async (_, server) => {
  const store = await newStore(server);
  const { names, promoted } = await published(store, models);
  await promoted(0);
  const env = { ...server.env, GILLNET_CACHE: temporaryFolder() };
  const args = ['--interval', '0.3', '--models', store.location];
  const { child, end, address, said } = await startServe(args, { cwd: temporaryFolder(), env });
  assert.is.not(address, '', said());
  const answeredBy = async () => {
    const answer = await predictAt(address, photo);
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

test.run();
