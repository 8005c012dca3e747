import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { Predictions } from '../../lib/faces/server/schemas.js';
import { publish } from '../../lib/model/registry.js';
import { promote } from '../../lib/model/stages.js';
import { sha256Of } from '../../lib/sha256.js';
import { ended, startGillnet } from '../support/command.js';
import { ofType } from '../support/events.js';
import { newStore, onEach } from '../support/s3.js';
import { noisePhoto, randomModel } from '../support/serving.js';
import { suite, temporaryFolder } from '../support/suite.js';

const test = suite('serving the models of a bucket');

const photo = await noisePhoto(0);
const models = [await randomModel(1), await randomModel(2)];

onEach(test, 'what is promoted there takes over, and no request is dropped', async (_, server) => {
  const store = await newStore(server);
  const names: string[] = [];
  for (const [index, file] of models.entries()) {
    names.push(await publish(store, file, new Date(Date.UTC(2026, 0, index + 1))));
  }
  const promoted = (index: number) =>
    promote(store, 'production', {
      model: names[index] as string,
      sha256: sha256Of(models[index] as Buffer),
    });
  await promoted(0);
  const env = { ...server.env, GILLNET_CACHE: temporaryFolder() };
  const args = ['serve', '--json', '--port', '0', '--interval', '0.3', '--models', store.location];
  const child = startGillnet(args, { cwd: temporaryFolder(), env });
  let said = '';
  const end = ended(child, (text) => {
    said = text;
  });
  const over = end.then(() => true);
  let address: string | undefined;
  while (address === undefined) {
    if (await Promise.race([over, pause(20, false)])) throw new Error(said);
    address = /"type":"serving".*"address":"([^"]+)"/.exec(said)?.[1];
  }
  const answeredBy = async () => {
    const headers = { 'content-type': 'image/png' };
    const answer = await fetch(`${address}/v1/predict`, { method: 'POST', body: photo, headers });
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
