import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { decodeModel } from '../../lib/model/model-file.js';
import type { GillnetEvent } from '../../lib/pipeline/events.js';
import type { Ended } from '../support/command.js';
import { ofType } from '../support/events.js';
import { trainAsOne } from '../support/rank-curves.js';
import { suite } from '../support/suite.js';
import { alone, args, bothOf, drawSample, errorOf, start, work } from '../support/trainings.js';

const test = suite('trainings on several ranks');

const lossesOf = (events: GillnetEvent[]) => ofType(events, 'step').map(({ loss }) => loss);
const runOf = ({ events }: Ended) => ofType(events, 'started')[0]?.run ?? '';

test('two ranks train the model of one: its curve, one run, one file', async () => {
  await drawSample();
  // In bfloat16 the first loss already differs with the photos that stand in one batch.
  const given = [...args, '--epochs', '2', '--dtype', 'float32'];
  const single = await alone([...given, '--models', 'alone']);
  assert.is(single.status, 0, single.stderr);
  const ranks = await start(2, [...given, '--models', 'two', '--runs', 'two-runs']);
  const [first, second] = await bothOf(ranks);
  assert.is(first.status, 0, first.stderr);
  assert.is(second.status, 0, second.stderr);
  assert.is(second.stdout, '');
  const [one, two] = [lossesOf(single.events), lossesOf(first.events)];
  assert.is(two.length, one.length);
  one.forEach((loss, step) => {
    const apart = Math.abs(loss - (two[step] ?? Number.NaN));
    // The first steps tell other photos, crops and gradients apart; what rounds grows from step to step.
    assert.ok(apart < (step < 3 ? 1e-4 : 0.05), `step ${step} is ${apart} apart`);
  });
  assert.is((await readdir(path.join(work, 'two-runs'))).length, 1);
  const models = (await readdir(path.join(work, 'two'))).filter((name) => name.endsWith('.pt'));
  assert.is(models.length, 1);
  const file = path.join(work, 'two', `${models[0]}`);
  assert.is(decodeModel(await readFile(file), file).description.classes.length, 5);
});

test('4 processes train as one does, within 1e-5 of the loss over 20 steps', () => trainAsOne(4));

for (const [victim, size] of [
  [1, 1],
  [0, 3],
] as const) {
  test(`a kill of rank ${victim} ends the other within the time-out, and ${size} go on`, async () => {
    const ranks = await start(2, [...args, '--epochs', '2', '--checkpoint-seconds', '0.5']);
    // In the second epoch.
    await ranks[0]?.told(/"type":"step"/, 8);
    const killed = performance.now();
    ranks[victim]?.child.kill('SIGKILL');
    const [first, second] = await bothOf(ranks);
    const seconds = (performance.now() - killed) / 1000;
    assert.ok(seconds < 30, `${seconds} s`);
    const run = runOf(first);
    if (victim === 1) {
      assert.is(first.status, 1);
      assert.match(errorOf(first), /^Rank 1 \(.+\) of 2 has gone or does not answer/);
      assert.match(errorOf(first), new RegExp(`--resume ${run}`));
    } else {
      assert.is(second.status, 1);
      assert.match(second.stderr, /^rank 1: error \[RANK_LOST\]: Rank 0 .*of 2 has gone/m);
    }
    const given = ['train', '--json', '--resume', run, '--threads', '1', '--rank-timeout', '30'];
    const resumed = size === 1 ? [alone(given)] : (await start(size, given)).map(({ end }) => end);
    const [again] = (await Promise.all(resumed)) as [Ended];
    assert.is(again.status, 0, again.stderr + again.stdout.slice(-500));
    assert.is(ofType(again.events, 'epoch').at(-1)?.epoch, 2);
    const from = ofType(again.events, 'resumed')[0];
    assert.ok(from && from.epoch + from.step > 1, JSON.stringify(from));
  });
}

test('a stop asked of any rank ends all with a checkpoint', async () => {
  const ranks = await start(2, [...args, '--epochs', '2']);
  await ranks[0]?.told(/"type":"step"/, 3);
  ranks[1]?.child.kill('SIGTERM');
  const [first, second] = await bothOf(ranks);
  assert.is(first.status, 130, first.stderr);
  assert.is(second.status, 130, second.stderr);
  const files = await readdir(path.join(work, '.gillnet/runs', runOf(first)));
  assert.ok(files.some((name) => name.startsWith('checkpoint-')));
});

test.run();
