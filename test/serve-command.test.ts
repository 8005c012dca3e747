import './support/small-network.js';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { running, startGillnet } from './support/command.js';
import { ofType } from './support/events.js';
import { gillnetHere } from './support/here.js';
import { modelsOf, noisePhoto, predictAt, randomModel, startServe } from './support/serving.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('gillnet serve');

const models = await modelsOf(await randomModel(1), await randomModel(2));
const photo = await noisePhoto(0);
const cwd = temporaryFolder();

const headers = { 'x-api-key': 'other-0123456789abcdef' };
const ofModels = (args: string[]) => ['--models', models.folder, ...args];
const program = (env: Record<string, string>) => ({ cwd, env: { GILLNET_API_KEYS: '', ...env } });
const started = (args: string[], env = {}) => startServe(ofModels(args), program(env));
/** What a server says that does not come to serve. */
async function failed(args: string[], env = {}) {
  const given = ['serve', '--json', ...ofModels(args)];
  const { status, stdout } = await gillnetHere(given, program(env));
  assert.is(status, 2, stdout);
  return stdout;
}

const predict = (address: string, init?: RequestInit) => predictAt(address, photo, init);
/** A server answers those alone who give a key. */
async function assertKeyed(address: string) {
  assert.is((await predict(address)).status, 401);
  assert.is((await predict(address, { headers })).status, 200);
}

test('SIGTERM ends it in order: what is under way is answered, nothing else is, and the status is 0', async () => {
  const keys = path.join(cwd, 'keys');
  await writeFile(keys, 'key-0123456789abcdef\nother-0123456789abcdef\n');
  const { child, end, address, said } = await started(['--max-batch', '1', '--api-keys', keys]);
  await assertKeyed(address);
  const count = 32;
  const form = () => {
    const body = new FormData();
    for (let index = 0; index < count; index += 1) {
      body.append('a', new Blob([photo]), `${index}.png`);
    }
    return fetch(`${address}/v1/predict`, { method: 'POST', body, headers });
  };
  const underWay = [form(), form(), form()];
  // Their bodies have arrived once as many wait.
  const waiting = async () => {
    const told = await (await fetch(`${address}/metrics`, { headers })).text();
    return Number(/^gillnet_waiting_photos (\d+)$/m.exec(told)?.[1]);
  };
  while ((await waiting()) < count) await pause(1);
  child.kill('SIGTERM');
  while (!said().includes('"draining"')) await pause(1);
  const late = await predict(address, { headers }).then(
    ({ status }) => status,
    () => 503,
  );
  assert.is(late, 503, 'refused, or not even connected to');
  const statuses = (await Promise.all(underWay)).map(({ status }) => status);
  assert.ok(statuses.includes(200));
  assert.ok(statuses.every((status) => [200, 503].includes(status)));
  const { status, events, stderr } = await end;
  assert.equal([status, stderr], [0, '']);
  const [draining] = ofType(events, 'draining');
  assert.ok((draining?.photos ?? 0) > 0);
  const answered = ofType(events, 'answered').filter((each) => each.photos === count);
  assert.is(
    answered.filter((each) => each.status === 200).length,
    statuses.filter((each) => each === 200).length,
  );
  assert.equal(
    ofType(events, 'stopped').map(({ interrupted }) => interrupted),
    [false],
  );
  assert.equal(ofType(events, 'warning'), []);
  assert.not.match(said(), /0123456789abcdef/);
});

test('Ctrl-C ends it with 130, and lines say what it did', async () => {
  const { child, end, told } = running(
    startGillnet(['serve', '--port', '0', '--models', models.folder], { cwd }),
  );
  const [, address = ''] = await told(/at (http:\S+);/);
  await (await predict(address)).text();
  child.kill('SIGINT');
  const { status, stdout, stderr } = await end;
  assert.equal([status, stderr], [130, '']);
  assert.match(
    stdout,
    /^serving model_v1_20260102T000000Z\.pt at http:\/\/127\.0\.0\.1:\d+; Ctrl-C ends it\n/,
  );
  assert.match(stdout, /\n127\.0\.0\.1 POST \/v1\/predict: 200 in [\d.]+ ms, 1 photo \([\w-]+\)\n/);
  assert.match(stdout, /stopped after .* and 1 requests\n$/);
});

test('what is promoted is served soon, and a promotion back is, too', async () => {
  const GILLNET_API_KEYS = 'x-key-0123456789abcdef, other-0123456789abcdef';
  const { child, end, address, said } = await started(['--interval', '0.1'], { GILLNET_API_KEYS });
  await assertKeyed(address);
  const name = async () => {
    const answer = await fetch(`${address}/v1/model`, { headers });
    return ((await answer.json()) as { name: string }).name;
  };
  assert.is(await name(), models.names[1], 'the newest, as nothing is promoted');
  for (const index of [0, 1]) {
    const promotion = await gillnetHere(['models', 'promote', models.names[index] as string], {
      cwd,
      env: { GILLNET_MODELS: models.folder },
    });
    assert.is(promotion.status, 0);
    while ((await name()) !== models.names[index]) await pause(20);
  }
  child.kill('SIGTERM');
  const { status, events } = await end;
  assert.is(status, 0);
  assert.equal(
    ofType(events, 'served').map(({ model }) => model),
    models.names,
  );
  assert.not.match(said(), /0123456789abcdef/);
});

test('what keeps it from serving is told before it listens', async () => {
  assert.match(await failed([], { GILLNET_API_KEYS: 'short' }), /"code":"USAGE".*shorter/);
  assert.match(await failed(['--models', temporaryFolder()]), /"code":"NO_MODEL"/);
  assert.match(await failed(['--int8']), /"code":"USAGE".*int8/);
  assert.match(await failed(['--shadow', 'nowhere']), /"code":"NOT_FOUND".*nowhere/);
  assert.match(await failed(['--max-queue', '3']), /"code":"USAGE".*--max-queue/);
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  // It has its model by then, and ends nevertheless.
  const { status, stdout } = await (await started(['--port', String(port)])).end;
  other.close();
  assert.is(status, 2, stdout);
  assert.match(stdout, /"code":"USAGE".*EADDRINUSE/);
});

test.run();
