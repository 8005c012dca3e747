// Long, because one server shows all of its logs: starting one takes longer than a test.
import './support/small-network.js';
import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { showingOptions } from '../lib/commands/serving/showing.js';
import { ApiKeys } from '../lib/faces/server/keys.js';
import type { RunFacts, Runs } from '../lib/faces/server/run-schemas.js';
import { mostStreams } from '../lib/faces/server/runs.js';
import { openServer } from '../lib/faces/server/server.js';
import { publish } from '../lib/model/registry.js';
import { event, type GillnetEvent } from '../lib/pipeline/events.js';
import { openStore } from '../lib/store/open.js';
import { running, startGillnet } from './support/command.js';
import { ofType } from './support/events.js';
import { line, writeLog } from './support/run-logs.js';
import { noisePhoto, predictAt, randomModel } from './support/serving.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('runs over HTTP');

const id = '20260101T000000Z';
const note = (index: number) => event('warning', { code: 'NOTE', message: `${index}` });
const notes = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => line(note(from + index))).join('');
const done = (interrupted = false) =>
  event('done', {
    ...{ run: id, model: null, valAccuracy: 0.5, testAccuracy: null, seconds: 3, leaks: 0 },
    interrupted,
  });
const epoch = (index: number, valAccuracy: number, best: boolean) =>
  event('epoch', {
    ...{ epoch: index, epochs: 9, trainLoss: 1, trainAccuracy: 0.5, valLoss: 1, valAccuracy },
    ...{ seconds: 1, imagesPerSecond: 9, best, classes: [], wrongest: [] },
  });

/** A server of runs alone, with one run of this log. */
async function showing(log: string, { keys }: { keys?: string[] } = {}) {
  const runs = temporaryFolder();
  const file = writeLog(runs, id, log);
  const server = await openServer(
    {
      ...showingOptions(runs),
      keys: keys ? new ApiKeys(keys, 'the test') : null,
      tell: () => {},
    },
    { host: '127.0.0.1', port: 0 },
  );
  const ask = (address: string, init?: RequestInit) => fetch(`${server.address}${address}`, init);
  const list = async () => ((await (await ask('/v1/runs')).json()) as Runs).runs;
  return { runs, file, server, ask, list, append: (text: string) => appendFileSync(file, text) };
}

/** What a stream tells, until it ends or enough is told. */
async function told(response: Response, enough: (text: string) => boolean = () => false) {
  assert.is(response.status, 200);
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (enough(text)) break;
  }
  const messages = text.split('\n\n').filter((part) => part.includes('data: '));
  return messages.map((part) => ({
    id: /^id: (\d+)$/m.exec(part)?.[1] ?? null,
    name: /^event: (\w+)$/m.exec(part)?.[1] ?? 'message',
    event: JSON.parse(/^data: (.*)$/m.exec(part)?.[1] ?? '') as GillnetEvent<'warning'>,
  }));
}
const events = `/v1/runs/${id}/events`;
const after = (last: string) => ({ headers: { 'last-event-id': last } });

test('a stream tells a log that grows, and ends where the run has', async () => {
  const { ask, append, server } = await showing(notes(1, 3));
  const response = await ask(events);
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  const reading = told(response);
  for (let index = 4; index <= 6; index += 1) {
    append(notes(index, index));
    await pause(20);
  }
  append(line(done()));
  const messages = await reading;
  assert.equal(
    messages.map((each) => each.id),
    ['1', '2', '3', '4', '5', '6', '7', null],
  );
  assert.equal(
    messages.slice(0, 6).map((each) => each.event.message),
    ['1', '2', '3', '4', '5', '6'],
  );
  assert.is(messages.at(-1)?.name, 'end');
  await server.drain(1);
});

test('whoever comes back with the last id misses nothing and hears nothing twice', async () => {
  const { ask, append, server } = await showing(notes(1, 500));
  let last = '';
  const heard: string[] = [];
  for (let round = 0; round < 8; round += 1) {
    const upTo = Math.min(500 + round, 100 * round + 60);
    const part = await told(await ask(events, after(last)), (text) =>
      text.includes(`id: ${upTo}\n`),
    );
    // It goes away in the middle of what has come.
    for (const each of part.filter((each) => Number(each.id) <= upTo)) {
      heard.push(each.event.message);
      last = each.id ?? last;
    }
    append(notes(501 + round, 501 + round));
  }
  append(line(done()));
  const rest = await told(await ask(events, after(last)));
  heard.push(...rest.filter(({ name }) => name === 'message').map((each) => each.event.message));
  const expected = Array.from({ length: 508 }, (_, index) => `${index + 1}`);
  assert.equal(heard.slice(0, -1), expected);
  assert.equal(
    (await told(await ask(events, after('509')))).map(({ name }) => name),
    ['end'],
    'an ended run has nothing more',
  );
  for (const bad of ['x', '-1', '1.5', '1e99']) {
    assert.is((await ask(events, after(bad))).status, 400, bad);
  }
  await server.drain(1);
});

test('what is damaged is told and left out; half a line waits until it is whole', async () => {
  const half = line(note(2));
  const { ask, append, server } = await showing(`${line(note(1))}{"type":\n${half.slice(0, 20)}`);
  const reading = told(await ask(events));
  await pause(50);
  append(`${half.slice(20)}\r\n${line(done())}`);
  const messages = await reading;
  assert.equal(
    messages.map((each) => [each.id, each.event.code ?? each.name]),
    [
      ['1', 'NOTE'],
      [null, 'DAMAGED'],
      ['3', 'NOTE'],
      [null, 'DAMAGED'],
      ['5', 'message'],
      [null, 'end'],
    ],
  );
  await server.drain(1);
});

test('the list tells how far each run is, and what has come of it', async () => {
  const { runs, list, ask, append, server } = await showing(line(epoch(1, 0.5, true)));
  const [first] = await list();
  assert.equal([first?.id, first?.state, first?.epoch, first?.epochs], [id, 'running', 1, 9]);
  assert.equal([first?.best, first?.events], [{ epoch: 1, valAccuracy: 0.5 }, 1]);
  append(line(epoch(2, 0.4, false)) + line(epoch(3, 0.75, true)));
  const [grown] = await list();
  assert.equal([grown?.epoch, grown?.events], [3, 3]);
  assert.equal(grown?.best, { epoch: 3, valAccuracy: 0.75 });
  append(line(event('asked', { epoch: 3, step: 1, kind: 'pause' })));
  assert.is((await list())[0]?.state, 'waiting');
  append(line(event('asked', { epoch: 3, step: 1, kind: 'finish' })));
  assert.is((await list())[0]?.epochs, 3, 'it ends with the epoch under way');
  append(line(done(true)));
  assert.is((await list())[0]?.state, 'stopped');
  append(line(event('stage', { stage: 'train', detail: 'again' })));
  assert.is((await list())[0]?.state, 'running', 'it was resumed');
  append(line(event('error', { code: 'IO', message: 'The disk is full.' })));
  const facts = (await (await ask(`/v1/runs/${id}`)).json()) as RunFacts;
  assert.equal([facts.state, facts.error], ['failed', 'The disk is full.']);

  const others = [
    ['20260102T000000Z', line({ ...note(1), time: '2026-01-02T00:00:00.000Z' }), 'quiet'],
    ['20260102T000000Z-2', line(done()), 'done'],
    ['20260102T000000Z-10', '', null],
  ] as const;
  for (const [name, log] of others) writeLog(runs, name, log);
  assert.equal(
    (await list()).map((each) => [each.id, each.state]),
    [
      ['20260102T000000Z-2', 'done'],
      ['20260102T000000Z', 'quiet'],
      [id, 'failed'],
    ],
  );
  const one = (await (await ask('/v1/runs?limit=1')).json()) as Runs;
  assert.equal([one.runs.length, one.more], [1, true]);
  for (const limit of ['0', '201', 'x']) {
    assert.is((await ask(`/v1/runs?limit=${limit}`)).status, 400, limit);
  }
  await server.drain(1);
});

test('a run that has gone quiet is told as such on its stream, which goes on', async () => {
  const long = { ...note(1), time: '2026-01-01T00:00:00.000Z' };
  const { ask, append, server } = await showing(line(long));
  const reading = told(await ask(events));
  await pause(400);
  append(line(note(2)) + line(done()));
  assert.equal(
    (await reading).map((each) => [each.id, each.event.code ?? each.name]),
    [
      ['1', 'NOTE'],
      [null, 'QUIET'],
      ['2', 'NOTE'],
      ['3', 'message'],
      [null, 'end'],
    ],
  );
  await server.drain(1);
});

test('no id leads out of the folder, nor to what is no run', async () => {
  const { runs, ask, server } = await showing(line(done()));
  const outside = temporaryFolder();
  writeFileSync(path.join(outside, 'events.jsonl'), line(done()));
  mkdirSync(path.join(runs, 'empty'));
  writeFileSync(path.join(runs, 'events.jsonl'), line(done()));
  const hostile = [
    ...['..', '.', '%2e%2e', '..%2f', `${id}%2f..%2f${id}`, encodeURIComponent(outside)],
    ...['%00', `${id}%00`, 'empty', 'events.jsonl', '%5c..', 'x'.repeat(300), '__proto__'],
    encodeURIComponent(path.relative(runs, outside)),
  ];
  for (const name of hostile) {
    for (const below of ['', '/events']) {
      const { status } = await ask(`/v1/runs/${name}${below}`, { redirect: 'manual' });
      assert.ok([302, 400, 404, 414].includes(status), `${name}${below}: ${status}`);
      assert.not.ok(status === 302 && below !== '', name);
    }
  }
  symlinkSync(outside, path.join(runs, 'linked'));
  assert.is((await ask('/v1/runs/linked')).status, 200, 'what the owner has put there is theirs');
  rmSync(runs, { recursive: true });
  assert.equal(await (await ask('/v1/runs')).json(), { runs: [], more: false });
  await server.drain(1);
});

test('keys close runs as they close predictions, and pages stay open', async () => {
  const { ask, server } = await showing(line(done()), { keys: ['key-0123456789abcdef'] });
  const headers = { 'x-api-key': 'key-0123456789abcdef' };
  for (const address of ['/v1/runs', `/v1/runs/${id}`, events]) {
    assert.is((await ask(address)).status, 401, address);
    const opened = await ask(address, { headers });
    assert.is(opened.status, 200, address);
    await opened.text();
  }
  assert.is((await ask('/runs')).status, 200);
  const led = await ask('/', { redirect: 'manual' });
  assert.equal([led.status, led.headers.get('location')], [302, 'runs']);
  const document = (await (await ask('/openapi.json', { headers })).json()) as { paths: object };
  assert.equal(Object.keys(document.paths).sort(), [
    ...['/healthz', '/metrics', '/readyz', '/v1/runs', '/v1/runs/{id}', '/v1/runs/{id}/events'],
  ]);
  await server.drain(1);
});

test('as many streams as are told are open at once, and a place is free when one goes', async () => {
  const { ask, server } = await showing(notes(1, 1));
  const open = await Promise.all(
    Array.from({ length: mostStreams }, async () => {
      const abort = new AbortController();
      const response = await ask(events, { signal: abort.signal });
      assert.is(response.status, 200);
      return abort;
    }),
  );
  const refused = await ask(events);
  assert.is(refused.status, 429);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  open[0]?.abort();
  for (let tries = 0; ; tries += 1) {
    const { status, body } = await ask(events);
    await body?.cancel();
    if (status === 200) break;
    assert.ok(tries < 50, 'a place is free');
    await pause(50);
  }
  for (const abort of open) abort.abort();
  await server.drain(1);
});

test('who does not read holds up nobody, and little memory', async () => {
  const { ask, append, server } = await showing('');
  const { port } = new URL(server.address);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(`GET ${events} HTTP/1.1\r\nhost: a\r\n\r\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  const before = process.memoryUsage().rss;
  const text = line({ ...note(1), message: 'x'.repeat(10_000) }).repeat(100);
  for (let count = 0; count < 100; count += 1) append(text);
  append(line(done()));
  const messages = await told(await ask(events));
  assert.is(messages.length, 10_002, 'another one is told all');
  assert.ok(process.memoryUsage().rss - before < 600e6);
  const began = performance.now();
  await server.drain(2);
  assert.ok(performance.now() - began < 4000, 'nor does it hold up the end');
  socket.destroy();
});

test('streams end in order when the server does', async () => {
  const { ask, append, server } = await showing(notes(1, 2));
  const response = await ask(events);
  const reading = told(response);
  await pause(100);
  append(notes(3, 3));
  await server.drain(5);
  assert.equal(
    (await reading).map((each) => each.id),
    ['1', '2', '3'],
    'what was written is told, and nothing is broken off',
  );
});

test('without a model runs alone are shown, and photos are answered once there is one', async () => {
  const [runs, models] = [temporaryFolder(), temporaryFolder()];
  const places = ['--runs', runs, '--models', models, '--interval', '0.2', '--port', '0'];
  const { child, end, told } = running(startGillnet(['serve', '--json', ...places], { cwd: runs }));
  const [, address = ''] = await told(/"url":"([^"]+)\/runs"/);
  await told(/"code":"NO_MODEL"/);
  const photo = await noisePhoto(0);
  const predict = async () => (await predictAt(address, photo)).status;
  assert.is(await predict(), 404);
  assert.is((await fetch(`${address}/v1/runs`)).status, 200);
  await told(/"path":"\/v1\/runs"/);
  await publish(await openStore(models), await randomModel(1));
  const [, taken] = await told(/"type":"serving".*?"address":"([^"]+)"/);
  assert.is(taken, address, 'at the same port');
  assert.is(await predict(), 200);
  assert.is((await fetch(`${address}/v1/runs`)).status, 200);
  child.kill('SIGTERM');
  const { status, events } = await end;
  assert.is(status, 0);
  assert.is(ofType(events, 'stopped')[0]?.requests, 4);
});

test.run();
