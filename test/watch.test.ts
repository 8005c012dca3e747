import './support/small-network.js';
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { eventLog } from '../lib/faces/event-log.js';
import { followLines } from '../lib/follow.js';
import { event, type GillnetEvent } from '../lib/pipeline/events.js';
import type { Request } from '../lib/pipeline/requests.js';
import { running, startGillnet } from './support/command.js';
import { ofType } from './support/events.js';
import { gillnetHere, type Moment } from './support/here.js';
import { writeTwoColours } from './support/photos.js';
import { line, writeLog } from './support/run-logs.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('watching a run');

/** Where a real run is trained, and its settings. */
const work = temporaryFolder();
const training = [
  ...['train', '--json', '--data', 'data', '--image-size', '64', '--batch-size', '8'],
  ...['--weights', 'none', '--threads', '1'],
];
const start = (...args: string[]) => startGillnet(args, { cwd: work });
const gillnet = (args: string[], moment?: Moment) => gillnetHere(args, { cwd: work }, moment);

/** A run's folder with this log, below folders of its own. */
function runWith(log: string, id = '20260101T000000Z', runs = temporaryFolder()) {
  const file = writeLog(runs, id, log);
  return { runs, file, watch: ['watch', '--json', '--runs', runs] };
}
const step = (index: number, time = new Date().toISOString()): GillnetEvent => ({
  ...event('step', {
    ...{ epoch: 1, step: index, steps: 9, loss: 1 / index, accuracy: 0.5, learningRate: 0.001 },
    ...{ imagesPerSecond: 16, waitSeconds: 0.1, computeSeconds: 0.9, memory: 1e8 },
  }),
  time,
});
const done = (interrupted: boolean) =>
  event('done', {
    ...{ run: '20260101T000000Z', model: null, valAccuracy: 0.5, testAccuracy: null },
    ...{ seconds: 3, leaks: 0, interrupted },
  });

/** What is told of a log that goes on a moment after this was told. */
function toldOf(log: string, shown: RegExp, more: string) {
  const { file, watch } = runWith(log);
  // Longer than between two looks at a file.
  const act = () => void setTimeout(() => appendFileSync(file, more), 700);
  return gillnet(watch, { told: shown, act });
}

/** What is trained there. */
let run = '';

test('a live training is watched from its first event to its last, as it happens', async () => {
  await writeTwoColours(path.join(work, 'data'), { labels: ['a', 'b'], train: 10, test: 0 });
  const trainer = running(start(...training, '--epochs', '4'));
  await trainer.told(/"type":"started"/);
  const act = () => void trainer.child.kill('SIGINT');
  const watched = await gillnet(['watch', '--json'], { told: /"type":"epoch"/, act });
  const trained = await trainer.end;
  assert.is(watched.status, 0, 'an interrupted run is no interrupted watch');
  const [done] = ofType(watched.events, 'done');
  assert.is(done?.interrupted, true, 'its first epoch was shown while it trained');
  run = done?.run ?? '';
  const log = await readFile(path.join(work, '.gillnet/runs', run, 'events.jsonl'), 'utf8');
  assert.is(watched.stdout, log, 'events as they are, with their own time');
  assert.equal(watched.events, trained.events, 'also those from before the run had a folder');
  assert.equal(
    (await gillnet(['watch', run, '--json'])).events,
    trained.events,
    'once it is over, too',
  );
});

test('a run that was stopped and resumed is one', async () => {
  const resumed = await gillnet(['train', '--json', '--resume', run, '--threads', '1']);
  assert.is(resumed.status, 0, resumed.stdout);
  const watched = await gillnet(['watch', path.join('.gillnet/runs', run), '--json']);
  assert.is(ofType(watched.events, 'started').length, 2);
  assert.equal(
    ofType(watched.events, 'epoch').map(({ epoch }) => epoch),
    [1, 2, 3, 4],
  );
  assert.equal(
    ofType(watched.events, 'done').map(({ interrupted }) => interrupted),
    [true, false],
  );
});

test('a finished run is told as lines, and ends with 0', async () => {
  const { status, stdout } = await gillnet(['watch', '--plain']);
  assert.is(status, 0);
  assert.match(stdout, /^epoch 4\/4: /m);
  assert.match(stdout, /^done in .*: model model_v1_/m);
});

test('a run that fails says so in its log, where watching ends', async () => {
  const failed = await gillnet([...training, '--weights', 'gone.pth', '--runs', 'failing']);
  assert.is(failed.status, 2);
  const { status, events } = await gillnet(['watch', '--json', '--runs', 'failing']);
  assert.is(status, 0);
  assert.is(ofType(events, 'error')[0]?.message, ofType(failed.events, 'error')[0]?.message);
  assert.is(events.at(-1)?.type, 'error');
});

test('a run that is stopped at once says so in its log, too', async () => {
  const { child, end, told } = running(start(...training, '--epochs', '50', '--runs', 'stopped'));
  await told(/"type":"step"/);
  // Two signals that are pending together arrive as one.
  child.kill('SIGINT');
  child.kill('SIGTERM');
  assert.is((await end).status, 130);
  const { events } = await gillnet(['watch', '--json', '--runs', 'stopped']);
  assert.is(ofType(events, 'done').length, 0);
  assert.is(ofType(events, 'error')[0]?.code, 'INTERRUPTED');
});

test('half a line is waited for until it is whole', async () => {
  const [whole, half] = [line(step(1)), line(step(2))];
  const rest = half.slice(40) + line(done(false));
  const { events, status } = await toldOf(whole + half.slice(0, 40), /"step":1/, rest);
  assert.is(status, 0);
  assert.equal(
    events.map(({ type }) => type),
    ['step', 'step', 'done'],
  );
});

test('a damaged line is named and left out; what a crash cut off takes no other event with it', async () => {
  const cut = line(step(2)).slice(0, 30);
  const { file, watch } = runWith(`${line(step(1))}${cut}`);
  const log = eventLog(file);
  log.read(done(false));
  const { events, status } = await gillnet(watch);
  assert.is(status, 0);
  assert.equal(
    events.map(({ type }) => type),
    ['step', 'warning', 'done'],
  );
  assert.match(
    ofType(events, 'warning')[0]?.message ?? '',
    /^Line 2 of .*events\.jsonl is damaged/,
  );
  for (const damage of ['null', '7', '{"type":"step"}', '{"type":3,"time":"x"}', '\0\0\0', '']) {
    const told = await gillnet(runWith(`${damage}\n${line(done(false))}`).watch);
    assert.match(ofType(told.events, 'warning')[0]?.message ?? '', /^Line 1 of/, damage);
  }
});

test('10,000 lines that another process adds quickly are all told, once and in their order', async () => {
  const { file, watch } = runWith(line(step(1)));
  const writing = `
    const { appendFileSync } = require('node:fs');
    const [file, step, done] = process.argv.slice(1);
    for (let index = 2; index <= 10_000; index += 1) {
      const line = JSON.stringify({ ...JSON.parse(step), step: index }) + '\\n';
      // Every tenth in two parts, as a slow disk may show it.
      if (index % 10 === 0) {
        appendFileSync(file, line.slice(0, 25));
        appendFileSync(file, line.slice(25));
      } else appendFileSync(file, line);
    }
    appendFileSync(file, done);`;
  const args = ['-e', writing, file, line(step(2)), line(done(false))];
  const act = () => void spawn(process.execPath, args);
  const { events } = await gillnet(watch, { told: /"step":1/, act });
  assert.equal(
    ofType(events, 'step').map(({ step }) => step),
    Array.from({ length: 10_000 }, (_, index) => index + 1),
  );
  assert.is(events.length, 10_001);
});

test('a long log is not held in memory', async () => {
  const { file } = runWith('');
  const text = line(step(1)).repeat(2000);
  const megabytes = 100;
  for (let size = 0; size < megabytes * 1e6; size += text.length) appendFileSync(file, text);
  appendFileSync(file, line(done(false)));
  const abort = new AbortController();
  const before = process.memoryUsage().rss;
  let most = 0;
  let count = 0;
  for await (const followed of followLines(file, abort.signal)) {
    count += 1;
    if (count % 10_000 === 0) most = Math.max(most, process.memoryUsage().rss);
    if (followed === 'waiting') break;
  }
  assert.ok(count > megabytes * 1000, `${count} lines`);
  assert.ok(most - before < (megabytes / 2) * 1e6, `${(most - before) / 1e6} MB`);
});

test('a run that has gone quiet is told of once, and watched on', async () => {
  const log = line(step(1, '2026-01-01T00:00:00.000Z'));
  const { events, status } = await toldOf(log, /"QUIET"/, line(step(2)) + line(done(false)));
  assert.is(status, 0);
  const [quiet, ...more] = ofType(events, 'warning');
  assert.match(quiet?.message ?? '', /its log has no end.*train --resume 20260101T000000Z/);
  assert.is(more.length, 0);
  assert.is(ofType(events, 'step').length, 2);
});

test('a run that a person has paused is not taken for a dead one', async () => {
  const long = '2026-01-01T00:00:00.000Z';
  const asked = (request: Request) =>
    line({ ...event('asked', { epoch: 1, step: 1, ...request }), time: long });
  const pausing = asked({ kind: 'pause' }) + asked({ kind: 'note', text: 'lunch' });
  const resumed = asked({ kind: 'resume' }) + line(done(false));
  const { events } = await toldOf(line(step(1, long)) + pausing, /lunch/, resumed);
  assert.is(ofType(events, 'warning').length, 0);
  const goneOn = pausing + asked({ kind: 'resume' });
  const stop = { told: /"QUIET"/, act: () => void process.emit('SIGINT') };
  assert.is((await gillnet(runWith(goneOn).watch, stop)).status, 0);
});

test('a run that waits to be begun is not taken for a dead one', async () => {
  const choice = { architecture: 'resnet18', weights: 'none', device: 'auto' } as const;
  const asked = {
    ...event('measured', { choice, timing: null }),
    time: '2026-01-01T00:00:00.000Z',
  };
  const { events } = await toldOf(line(asked), /"measured"/, line(step(1)) + line(done(false)));
  assert.is(ofType(events, 'warning').length, 0);
});

test('a signal ends only the watching, with 0', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { file, runs, watch } = runWith(line(step(1)));
    const before = await readFile(file);
    const { child, end, told } = running(start(...watch));
    await told(/"step":1/);
    const began = performance.now();
    child.kill(signal);
    const { status, events, stderr } = await end;
    assert.is(status, 0, `${signal}: ${stderr}`);
    assert.is(events.length, 1);
    assert.ok(performance.now() - began < 2000);
    assert.equal(await readFile(file), before);
    assert.equal(await readdir(path.join(runs, '20260101T000000Z')), ['events.jsonl']);
  }
});

test('it ends when nobody reads any longer', async () => {
  const { file, watch } = runWith(line(step(1)));
  const { child, end, told } = running(start(...watch));
  await told(/"step":1/);
  child.stdout?.destroy();
  appendFileSync(file, line(step(2)));
  assert.is((await end).status, 0);
});

test('without a name the newest run that has a log is taken', async () => {
  const { runs, watch } = runWith(line(done(false)), '20260101T000000Z-2');
  runWith(line(step(1)) + line(done(false)), '20260101T000000Z-10', runs);
  mkdirSync(path.join(runs, '20260102T000000Z'));
  assert.is((await gillnet(watch)).events.length, 2);
});

test('what can not be watched is told with what can', async () => {
  const { runs, file, watch } = runWith(line(step(1)));
  const missing = await gillnet([...watch, 'nothing']);
  assert.is(missing.status, 2);
  assert.match(missing.stdout, /no run .*nothing.* Newest runs: 20260101T000000Z/);
  mkdirSync(path.join(runs, 'empty'));
  const empty = await gillnet([...watch, 'empty']);
  assert.is(empty.status, 2);
  assert.match(empty.stdout, /Run empty has no events\.jsonl/);
  const none = await gillnet(['watch', '--json', '--runs', path.join(runs, 'nowhere')]);
  assert.is(none.status, 2);
  assert.match(none.stdout, /There is no run in .*nowhere.*gillnet run/);

  for (const [change, code] of [
    [() => rmSync(file), 'NOT_FOUND'],
    [() => writeFileSync(file, ''), 'DAMAGED'],
  ] as const) {
    writeFileSync(file, line(step(1)));
    const { events } = await gillnet(watch, { told: /"step":1/, act: change });
    assert.is(ofType(events, 'error')[0]?.code, code);
  }
});

test.run();
