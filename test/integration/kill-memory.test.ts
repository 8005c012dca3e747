import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { ended } from '../support/command.js';
import { ofType } from '../support/events.js';
import { assertEndedAs, assertGoesOn, type Place, placeIn, startIn } from '../support/kills.js';
import { onlyModelIn, trainArgs, writeNoisyPhotos } from '../support/resumable.js';
import { suite, temporaryFolder } from '../support/suite.js';

const test = suite('runs whose memory or disk ends');

const work = temporaryFolder();
const placeOf = (name: string) => placeIn(work, path.join(work, name));
const referenceModel = () => onlyModelIn(placeOf('whole').models);

const canLimit = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;
const whereLimited = (name: string, body: () => Promise<void>) =>
  test.needs(canLimit ? [] : 'a Linux with prlimit', name, body);

/** Trains with a limit from its third step on. */
async function trainedWithin(place: Place, limitOf: (pid: number) => string) {
  const child = startIn(place, trainArgs);
  let limited = false;
  return ended(child, (stdout) => {
    if (limited || child.pid === undefined || stdout.split('"type":"step"').length <= 3) return;
    limited = true;
    execFileSync('prlimit', ['--pid', String(child.pid), limitOf(child.pid)]);
  });
}

/** As much address space as it has, and some megabytes more. */
const memory = (more: number) => (pid: number) => {
  const [, kilobytes] = /VmSize:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return `--as=${Number(kilobytes) * 1024 + more * 1e6}`;
};

whereLimited('a run that is never short of anything', async () => {
  await writeNoisyPhotos(path.join(work, 'data'));
  assert.is((await ended(startIn(placeOf('whole'), trainArgs))).status, 0);
});

whereLimited('a run whose memory ends goes on to the same weights once there is some', async () => {
  // Whether LibTorch, Node or V8 comes first to ask for memory is up to the system: V8 aborts.
  for (const more of [10, 60, 150]) {
    const place = placeOf(`short-of-${more}`);
    const { status, events, stdout } = await trainedWithin(place, memory(more));
    assert.is.not(status, 0, 'too much was left');
    for (const { code, message } of ofType(events, 'error')) {
      assert.is.not(code, 'INTERNAL', stdout);
      if (code === 'OUT_OF_MEMORY') assert.match(message, /Memory ran out.*--resume \w+/);
    }
    const [run = ''] = readdirSync(place.runs);
    await assertGoesOn(place, run, await referenceModel());
  }
});

whereLimited('where a disk takes no checkpoint, training goes on with a warning', async () => {
  const place = placeOf('full-disk');
  // A model is 45 MB, a checkpoint of it more than twice as much.
  const { status, events, stdout } = await trainedWithin(place, () => `--fsize=${80e6}`);
  assert.is(status, 0, stdout);
  const warnings = ofType(events, 'warning').filter(({ code }) => code === 'IO');
  assert.ok(warnings.length >= 3, stdout);
  for (const { message } of warnings) assert.match(message, /checkpoint-.*EFBIG.*Training goes on/);
  const [run = ''] = readdirSync(place.runs);
  await assertEndedAs(place, run, await referenceModel());
});

test.run();
