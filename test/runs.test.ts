import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseHTML } from 'linkedom';
import * as assert from 'uvu/assert';
import { event, type GillnetEvent } from '../lib/pipeline/events.js';
import { gillnetHere } from './support/here.js';
import { writeLog } from './support/run-logs.js';
import { done, epoch, evaluated, started, story } from './support/story.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('runs, listed and compared');

const cwd = temporaryFolder();
const gillnet = (...args: string[]) => gillnetHere(args, { cwd });

/** Leaves a run's log, as the run itself would. */
function ran(id: string, events: GillnetEvent[], folder = '.gillnet/runs'): void {
  const own = events.map((each) => ('run' in each ? { ...each, run: id } : each));
  writeLog(path.join(cwd, folder), id, own);
}

const otherPhotos = { ...started, dataFingerprint: 'c'.repeat(64) };
const better = { ...epoch(4, 0.95, true), valLoss: 0.25 };
const saved = event('saved', {
  ...{ model: 'model_2.pt', place: 'models', sha256: 'd'.repeat(64), bytes: 45_000_000 },
});

test('where there is none it says so', async () => {
  assert.is((await gillnet('runs')).stdout, 'No run in .gillnet/runs yet.\n');
  const { status, stderr } = await gillnet('runs', 'best');
  assert.is(status, 2);
  assert.match(stderr, /NOT_FOUND.*has trained to its end.*`npx gillnet run` makes one/);
  assert.is((await gillnet('compare', 'a', 'b')).status, 2);
});

test('each run is a line, the newest first, with how it ended', async () => {
  ran('20260101T000000Z', [...story, evaluated(['a', 'b', 'c']), done]);
  ran('20260102T000000Z', [
    { ...started, recipe: 'quick' },
    epoch(1, 0.5, true),
    better,
    saved,
    done,
  ]);
  ran('20260103T000000Z', [started, { ...done, interrupted: true }]);
  ran('20260104T000000Z', [started, event('error', { code: 'IO', message: 'The disk is full.' })]);
  ran('20260105T000000Z', [otherPhotos, epoch(1, 0.99, true)]);
  ran('20260106T000000Z', []);
  const { status, stdout } = await gillnet('runs');
  assert.is(status, 0);
  const [head, ...rows] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ +/));
  assert.is(head?.[0], 'run');
  assert.equal(
    rows.map(([run, outcome]) => [run, outcome]),
    [
      ['20260105T000000Z', 'open'],
      ['20260104T000000Z', 'failed'],
      ['20260103T000000Z', 'stopped'],
      ['20260102T000000Z', 'done'],
      ['20260101T000000Z', 'done'],
    ],
  );
  const line = stdout.split('\n').find((each) => each.startsWith('20260101')) ?? '';
  assert.match(line, /classic +resnet18 +3\/4 +90\.0 % +83\.3 % bbbbbbbb/);
  assert.ok(stdout.split('\n').every((each) => each.length <= 79));
  const objects = (await gillnet('runs', '--json')).stdout
    .trim()
    .split('\n')
    .map((each) => JSON.parse(each));
  assert.equal(objects.length, 5);
  assert.equal(
    [
      objects[4].settings.learningRate,
      objects[4].figures.valAccuracy,
      objects[4].figures.bestEpoch,
    ],
    [0.001, 0.9, 2],
  );
});

test('the best is chosen by validation, of runs with the same photos that have ended', async () => {
  const { stdout } = await gillnet('runs', 'best');
  // 99 % on other photos, of a run without an end, counts for nothing.
  assert.match(stdout, /^20260102T000000Z +done/m);
  assert.match(stdout, /the best of 2 by validation accuracy, then loss$/m);
  ran('20260107T000000Z', [otherPhotos, epoch(1, 0.6, true), done]);
  const alone = await gillnet('runs', 'best');
  assert.match(alone.stdout, /^20260107T000000Z/m);
  assert.match(
    alone.stdout,
    /the best of 1 .*; 2 with other photos can't be compared and are left out$/m,
  );
  assert.is(JSON.parse((await gillnet('runs', 'best', '--json')).stdout).run, '20260107T000000Z');
});

test('equal accuracy is decided by loss', async () => {
  const at = (loss: number) => [started, { ...epoch(1, 0.9, true), valLoss: loss }, done];
  ran('20260101T000000Z', at(0.3), 'equal');
  ran('20260102T000000Z', at(0.4), 'equal');
  const { stdout } = await gillnet('runs', 'best', '--runs', 'equal');
  assert.match(stdout, /^20260101T000000Z/m);
});

test('a run is shown with what it was begun with and what came of it', async () => {
  const { stdout } = await gillnet('runs', 'show', '20260101T000000Z');
  for (const line of [
    /^run 20260101T000000Z, done$/m,
    /^learning rate +0\.001$/m,
    /^validation accuracy +90\.0 %$/m,
    /^test photos that trained +0$/m,
  ]) {
    assert.match(stdout, line);
  }
  const failed = await gillnet('runs', 'show', '20260104T000000Z');
  assert.match(failed.stdout, /failed[\s\S]*error \[IO\]: The disk is full\./);
});

test('two runs are compared: only settings that differ, and each figure with its difference', async () => {
  const { status, stdout } = await gillnet('compare', '20260101T000000Z', '20260102T000000Z');
  assert.is(status, 0);
  assert.match(stdout, /^recipe +classic +quick$/m);
  assert.not.match(stdout, /batch size/);
  assert.match(stdout, /^validation accuracy +90\.0 % +95\.0 % +\+5\.0 points$/m);
  assert.match(stdout, /^validation loss +0\.5000 +0\.2500 +−0\.2500$/m);
  assert.match(stdout, /^test accuracy +83\.3 % +–$/m);
  const apart = await gillnet('compare', '20260101T000000Z', '20260105T000000Z');
  assert.match(apart.stdout, /other photos, so that validation does not compare them/);
  assert.match(apart.stdout, /^The second has not ended, or was killed\.$/m);
});

test('with --out both courses stand in one chart of a page that fetches nothing', async () => {
  const args = ['compare', '20260101T000000Z', '20260102T000000Z', '--out', 'both.html'];
  assert.match((await gillnet(...args)).stdout, /both\.html\n$/);
  const { document } = parseHTML(readFileSync(path.join(cwd, 'both.html'), 'utf8'));
  const [loss] = document.querySelectorAll('figure');
  assert.match(
    loss?.querySelector('[role=img]')?.getAttribute('aria-label') ?? '',
    /ends at 0\.5000 .* 0\.2500/,
  );
  // A solid and a dashed line, of three epochs and of two.
  assert.is(loss?.querySelectorAll('svg path[stroke-width], svg g[stroke-width] path').length, 2);
  assert.is(loss?.querySelectorAll('svg circle').length, 5);
  assert.is(document.querySelectorAll('[src], link[href]:not([href="data:,"])').length, 0);
  const { status, stderr } = await gillnet(...args.slice(0, 4), 'no/such/folder/both.html');
  assert.is(status, 1);
  assert.match(stderr, /Can't write no\/such\/folder\/both\.html: .*Name another file with --out/);
});

test.run();
