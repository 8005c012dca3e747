import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { syncing } from '../lib/commands/sync.js';
import type { Settings } from '../lib/config.js';
import type { ErrorCode, GillnetError } from '../lib/errors.js';
import { event, type GillnetEvent } from '../lib/pipeline/events.js';
import { Batch, entriesOf } from '../lib/tracking/batch.js';
import type { Delivery } from '../lib/tracking/delivery.js';
import { keyPart, tag } from '../lib/tracking/keys.js';
import { trackingServerAt } from '../lib/tracking/server-address.js';
import { Translation } from '../lib/tracking/translation.js';
import { ended, startGillnet } from './support/command.js';
import { failsWith } from './support/errors.js';
import { gillnetHere } from './support/here.js';
import { writeLog } from './support/run-logs.js';
import { done, epoch, evaluated, started, step, story } from './support/story.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('tracking');

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test('who speaks to a server stands in the environment, or in its address, and goes no further', () => {
  const uri = 'https://ann:p%40ss@mlflow.test/base/';
  const address = 'https://mlflow.test/base';
  assert.equal(trackingServerAt(uri, {}), { address, authorization: basic('ann:p@ss') });
  const named = { MLFLOW_TRACKING_USERNAME: 'bob', MLFLOW_TRACKING_PASSWORD: 'word' };
  const token = { MLFLOW_TRACKING_TOKEN: 'abc' };
  assert.is(trackingServerAt(uri, token).authorization, 'Bearer abc');
  assert.is(trackingServerAt(uri, { ...token, ...named }).authorization, basic('bob:word'));
  assert.equal(trackingServerAt('http://127.0.0.1:5001', {}), {
    ...{ address: 'http://127.0.0.1:5001', authorization: null },
  });
});

test('an address of another kind is refused, and no password is shown', () => {
  for (const given of ['postgres://ann:secret@host/db', 'databricks', './mlruns', '//a:secret@b']) {
    try {
      trackingServerAt(given, {});
      assert.unreachable(given);
    } catch (error) {
      const { code, message } = error as GillnetError;
      assert.is(code, 'USAGE');
      assert.not.match(message, /secret/);
      assert.match(message, /http:\/\/127\.0\.0\.1:5001/);
    }
  }
});

test('a password that is no percent-encoding is refused, and not shown', () => {
  try {
    trackingServerAt('http://ann:a%zz@mlflow.test', {});
    assert.unreachable();
  } catch (error) {
    const { code, message } = error as GillnetError;
    assert.is(code, 'USAGE');
    assert.match(message, /%25/);
    assert.not.match(message, /a%zz/);
  }
});

test('any label is part of a name that MLflow takes, and stays apart from others', () => {
  const labels = 'Catfish|Mud & Co|Mud + Co|Meeräsche 🐟|a:b|100 %|..|.|ñ#'.split('|');
  const parts = labels.map(keyPart);
  for (const part of parts) {
    assert.match(part, /^[\p{L}\p{N}_. -]+$/u);
    assert.is(path.posix.normalize(`by_class/${part}`), `by_class/${part}`);
  }
  assert.is(new Set(parts).size, labels.length);
  assert.is(parts[0], 'Catfish');
});

test('what is too long is cut, never within a character', () => {
  const { value } = tag('key', '🐟'.repeat(4000));
  assert.is(value.length, 4999);
  assert.is(value.replaceAll('🐟', ''), '…');
  assert.is(tag('k'.repeat(300), 'x').key.length, 250);
});

test('a run that goes on with other threads says so by a tag: a parameter is told once', () => {
  const translation = new Translation();
  const loggedOf = (deliveries: Delivery[]) => {
    const found = deliveries.flatMap((each) => (each.kind === 'log' ? [each] : []));
    const entries = (name: 'params' | 'tags') =>
      Object.fromEntries(found.flatMap((each) => each[name]).map(({ key, value }) => [key, value]));
    return { params: entries('params'), tags: entries('tags') };
  };
  const first = loggedOf(translation.take(started, {}));
  assert.is(first.params.threads, '2');
  const again = loggedOf(
    translation.take({ ...started, threads: 1 }, { dtype: 'float32', note: 'x' }),
  );
  assert.equal(again.params, { note: 'x' });
  assert.is(again.tags['gillnet.threads'], '1');
});

test('a request is never more than MLflow takes, and nothing is left out', () => {
  const logged = {
    points: Array.from({ length: 4500 }, (_, at) => ({
      ...{ key: `${at % 2 ? 'short' : 'ä'.repeat(200)}`, value: at, timestamp: at, step: at },
    })),
    params: Array.from({ length: 250 }, (_, at) => ({ key: `p${at}`, value: 'v'.repeat(6000) })),
    tags: Array.from({ length: 150 }, (_, at) => ({ key: `t${at}`, value: '1' })),
  };
  const batches = [new Batch()];
  for (const [part, entry] of entriesOf(logged, null)) {
    if (batches.at(-1)?.add(part, entry)) continue;
    batches.push(new Batch());
    assert.ok(batches.at(-1)?.add(part, entry));
  }
  for (const { body } of batches) {
    const { metrics, params, tags } = body;
    assert.ok(metrics.length <= 1000 && params.length <= 100 && tags.length <= 100);
    assert.ok(metrics.length + params.length + tags.length <= 1000);
    assert.ok(Buffer.byteLength(JSON.stringify({ run_id: 'r'.repeat(32), ...body })) <= 1e6);
  }
  assert.equal(
    batches.flatMap(({ body }) => body.metrics),
    logged.points.map(({ ...point }) => point),
  );
  assert.equal(
    batches.flatMap(({ body }) => body.params),
    logged.params,
  );
  assert.equal(
    batches.flatMap(({ body }) => body.tags),
    logged.tags,
  );
});

/** What is told of events, one after the other. */
function translated(events: GillnetEvent[]): Delivery[] {
  const translation = new Translation();
  return events.flatMap((happened) => translation.take(happened, {}));
}
const pointsOf = (deliveries: Delivery[], key: string) =>
  deliveries.flatMap((each) =>
    each.kind === 'log' ? each.points.filter((point) => point.key === key) : [],
  );

test('a run that goes on from a checkpoint tells what it does again once', () => {
  const begun = [
    started,
    step(1, 1, 3),
    step(1, 2, 2),
    step(1, 3, 1.5),
    step(1, 4, 1),
    epoch(1, 0.5, true),
  ];
  const again = [started, step(1, 3, 1.5), step(1, 4, 1), epoch(1, 0.5, true), step(2, 1, 0.9)];
  const deliveries = translated([...begun, step(2, 1, 0.9), ...again, step(2, 2, 0.8), done]);
  const steps = pointsOf(deliveries, 'step/loss').map(({ step: at, value }) => [at, value]);
  assert.equal(steps, [
    [1, 3],
    [2, 2],
    [3, 1.5],
    [4, 1],
    [5, 0.9],
    [6, 0.8],
  ]);
  assert.is(pointsOf(deliveries, 'val_loss').length, 1);
  assert.is(deliveries.filter(({ kind }) => kind === 'begin').length, 1);
  assert.equal(deliveries.at(-1), {
    ...{ kind: 'end', status: 'FINISHED', time: Date.parse(done.time), saved: null },
  });
});

test('the end of a run is what it was', () => {
  const endOf = (happened: GillnetEvent) => translated([...story, happened]).at(-1);
  const statusOf = (happened: GillnetEvent) => (endOf(happened) as { status: string }).status;
  assert.is(statusOf(done), 'FINISHED');
  assert.is(statusOf({ ...done, interrupted: true }), 'KILLED');
  assert.is(statusOf(event('error', { code: 'INTERRUPTED', message: 'Stopped.' })), 'KILLED');
  assert.is(statusOf(event('error', { code: 'IO', message: 'No room.' })), 'FAILED');
  const ofPhoto = event('error', { code: 'NOT_A_PHOTO', message: 'Cut off.', photo: 'a.jpg' });
  assert.not.equal(endOf(ofPhoto)?.kind, 'end');
});

test('a loss that is no number is told as such, and a figure that there is not is not', () => {
  const lost = JSON.parse(
    JSON.stringify(epoch(1, 0.5, true).valLoss && { ...epoch(1, 0.5, true), valLoss: Number.NaN }),
  );
  const bodies = translated([lost]).flatMap((each) =>
    each.kind === 'log' ? [...entriesOf(each, null)].map(([, entry]) => entry) : [],
  ) as { key: string; value: unknown }[];
  assert.is(bodies.find(({ key }) => key === 'val_loss')?.value, 'NaN');
  const judged = { ...evaluated(['a', 'b']), auc: null };
  const deliveries = translated([judged]);
  assert.is(pointsOf(deliveries, 'test_auc').length, 0);
  assert.is(pointsOf(deliveries, 'test_accuracy')[0]?.value, judged.accuracy);
});

test('a run that was judged for the model that it saved says so', () => {
  const saved = event('saved', {
    model: 'm.pt',
    place: 'models',
    sha256: 'c'.repeat(64),
    bytes: 9,
  });
  const deliveries = translated([started, epoch(1, 0.5, true), saved, evaluated(['a', 'b'])]);
  const ofModel = deliveries.filter((each) => each.kind === 'log' && each.of?.model === 'm.pt');
  const keys = ofModel.flatMap((each) =>
    each.kind === 'log' ? each.points.map(({ key }) => key) : [],
  );
  for (const key of ['val_accuracy', 'train_loss', 'test_accuracy'])
    assert.ok(keys.includes(key), key);
  assert.not(keys.some((key) => key.startsWith('step/')));
});

/** A server that does with each request what it is told. */
async function serverThat(
  handle: (request: http.IncomingMessage, response: http.ServerResponse) => void,
): Promise<{ address: string; close: () => void }> {
  const server = http.createServer(handle);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** A run that a server is to be told of. */
function toSync() {
  const cwd = temporaryFolder();
  const [runs, id] = [path.join(cwd, '.gillnet/runs'), '20260101T000000Z'];
  const log = writeLog(runs, id, [...story, done]);
  /** Lines that count as told, and whether that is all. */
  const bookmark = () => {
    const file = path.join(path.dirname(log), 'mlflow.json');
    const { lines, complete } = JSON.parse(readFileSync(file, 'utf8'));
    return [lines, complete];
  };
  return { cwd, runs, id, bookmark };
}

test('a server that never answers, that fails, or that is none is told of, and nothing counts as told', async () => {
  const [code, words] = [503, 'Come back later.'];
  const cases: [string, Parameters<typeof serverThat>[0], ErrorCode][] = [
    ['cutting', (request) => void request.socket.destroy(), 'UNREACHABLE'],
    ['busy', (_, response) => void response.writeHead(code).end(words), 'UNREACHABLE'],
    ['another', (_, response) => void response.end('<html>Welcome</html>'), 'TRACKING'],
    ['closed', (_, response) => void response.writeHead(401).end(), 'DENIED'],
  ];
  /** In a process of its own, which it does not keep alive. */
  const silence = async () => {
    const server = await serverThat(() => {});
    const { cwd, id, bookmark } = toSync();
    try {
      const args = ['sync', id, '--mlflow', server.address, '--json'];
      const { status, stdout } = await ended(startGillnet(args, { cwd }));
      assert.equal([status, JSON.parse(stdout).code], [1, 'UNREACHABLE']);
      assert.equal(bookmark(), [0, false]);
    } finally {
      server.close();
    }
  };
  const others = cases.map(async ([name, handle, expected]) => {
    const server = await serverThat(handle);
    const { runs, id, bookmark } = toSync();
    try {
      const settings = { runs, mlflow: server.address } as Settings;
      const { exitCode } = await failsWith(expected, () => syncing(settings, id));
      assert.is(exitCode, 1, name);
      assert.equal(bookmark(), [0, false], name);
    } finally {
      server.close();
    }
  });
  await Promise.all([silence(), ...others]);
});

test('a token goes with each request', async () => {
  const seen = new Set<string | undefined>();
  const server = await serverThat(({ headers }, response) => {
    seen.add(headers.authorization);
    response.writeHead(403).end();
  });
  const { cwd, id } = toSync();
  try {
    const env = { MLFLOW_TRACKING_TOKEN: 'token-of-tests' };
    const { status } = await gillnetHere(['sync', id, '--mlflow', server.address], { cwd, env });
    assert.is(status, 1);
    assert.equal([...seen], ['Bearer token-of-tests']);
  } finally {
    server.close();
  }
});

test.run();
