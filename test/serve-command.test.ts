import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { ended, running, startGillnet } from './support/command.js';
import { ofType } from './support/events.js';
import { modelsOf, noisePhoto, predictAt, randomModel, startServe } from './support/serving.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('gillnet serve');

const models = await modelsOf(await randomModel(1), await randomModel(2));
const photo = await noisePhoto(0);
const cwd = temporaryFolder();

const started = (args: string[] = [], env: Record<string, string> = {}) =>
  startServe(['--models', models.folder, ...args], { cwd, env: { GILLNET_API_KEYS: '', ...env } });

const predict = (address: string, init?: RequestInit) => predictAt(address, photo, init);

test('SIGTERM ends it in order: what is under way is answered, nothing else is, and the status is 0', async () => {
  const { child, end, address, said } = await started(['--max-batch', '1']);
  const form = () => {
    const body = new FormData();
    for (let count = 0; count < 64; count += 1) body.append('a', new Blob([photo]), `${count}.png`);
    return fetch(`${address}/v1/predict`, { method: 'POST', body });
  };
  assert.is((await form()).status, 200);
  const underWay = [form(), form(), form()];
  // Their bodies have arrived once as many wait.
  const waiting = async () =>
    Number(
      /^gillnet_waiting_photos (\d+)$/m.exec(await (await fetch(`${address}/metrics`)).text())?.[1],
    );
  while ((await waiting()) < 64) await pause(1);
  child.kill('SIGTERM');
  while (!said().includes('"draining"')) await pause(1);
  const late = await predict(address).then(
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
  const answered = ofType(events, 'answered').filter((each) => each.photos === 64);
  assert.is(
    answered.filter((each) => each.status === 200).length,
    1 + statuses.filter((each) => each === 200).length,
  );
  assert.equal(
    ofType(events, 'stopped').map(({ interrupted }) => interrupted),
    [false],
  );
  assert.equal(ofType(events, 'warning'), []);
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
  const { child, end, address } = await started(['--interval', '0.1']);
  const name = async () =>
    ((await (await fetch(`${address}/v1/model`)).json()) as { name: string }).name;
  assert.is(await name(), models.names[1], 'the newest, as nothing is promoted');
  for (const index of [0, 1]) {
    const promotion = startGillnet(['models', 'promote', models.names[index] as string], {
      cwd,
      env: { GILLNET_MODELS: models.folder },
    });
    assert.is((await ended(promotion)).status, 0);
    while ((await name()) !== models.names[index]) await pause(20);
  }
  child.kill('SIGTERM');
  const { events } = await end;
  assert.equal(
    ofType(events, 'served').map(({ model }) => model),
    models.names,
  );
});

test('keys come from a file or the environment, and weak ones are refused', async () => {
  const file = path.join(cwd, 'keys');
  await writeFile(file, 'key-0123456789abcdef\nother-0123456789abcdef\n');
  for (const how of [
    await started(['--api-keys', file]),
    await started([], { GILLNET_API_KEYS: 'x-key-0123456789abcdef, other-0123456789abcdef' }),
  ]) {
    assert.is((await predict(how.address)).status, 401);
    const headers = { 'x-api-key': 'other-0123456789abcdef' };
    assert.is((await predict(how.address, { headers })).status, 200);
    how.child.kill('SIGTERM');
    assert.is((await how.end).status, 0);
    assert.not.match(how.said(), /0123456789abcdef/);
  }
  const weak = await (await started([], { GILLNET_API_KEYS: 'short' })).end;
  assert.is(weak.status, 2);
  assert.match(weak.stdout, /"code":"USAGE".*shorter/);
});

test('what keeps it from serving is told before it listens', async () => {
  const failed = async (...args: string[]) => {
    const { status, stdout } = await (await started(args)).end;
    assert.is(status, 2, stdout);
    return stdout;
  };
  assert.match(await failed('--models', temporaryFolder()), /"code":"NO_MODEL"/);
  assert.match(await failed('--int8'), /"code":"USAGE".*int8/);
  assert.match(await failed('--shadow', 'nowhere'), /"code":"NOT_FOUND".*nowhere/);
  assert.match(await failed('--max-queue', '3'), /"code":"USAGE".*--max-queue/);
  const { child, end, address } = await started();
  assert.match(await failed('--port', new URL(address).port), /"code":"USAGE".*EADDRINUSE/);
  child.kill('SIGTERM');
  await end;
});

test.run();
