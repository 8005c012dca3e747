import { readdir } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Model } from '../../lib/model/model-file.js';
import { random } from '../../lib/random.js';
import { ended } from '../support/command.js';
import { ofType } from '../support/events.js';
import {
  assertEndedAs,
  begun,
  ending,
  isTemporary,
  killedAt,
  midway,
  type Place,
  placeIn,
  startIn,
} from '../support/kills.js';
import {
  epochsOf,
  figuresOf,
  leftIn,
  onlyModelIn,
  resumeArgs,
  trainArgs,
  writeNoisyPhotos,
} from '../support/resumable.js';
import { suite, temporaryFolder } from '../support/suite.js';

const test = suite('runs that are killed');

const killPoints = 20;
/** Of the moments by lot some may not come in a round: as many more rounds as it may take. */
const mostRounds = 8;
const work = temporaryFolder();
const placeOf = (name: string) => placeIn(work, path.join(work, name));
const draws = random(7, 'kills');

/** Kills that left a file half written in the run's folder. */
let halfWritten = 0;
let reference: { model: Model; epochs: unknown[] };

test('a run that is never stopped', async () => {
  await writeNoisyPhotos(path.join(work, 'data'));
  const place = placeOf('whole');
  const { status, events, stdout } = await ended(startIn(place, trainArgs));
  assert.is(status, 0, stdout);
  const model = await onlyModelIn(place.models);
  reference = { model, epochs: figuresOf(ofType(events, 'epoch')) };
  assert.is(reference.epochs.length, 3);
  assert.type(model.description.temperature, 'number');
});

/** Begins a run, kills it and each that resumes it at one moment after the other. @returns the moments that came */
async function killAgainAndAgain(place: Place): Promise<string[]> {
  const moments = [() => begun, ...midway(draws, 2), ...ending.map((moment) => () => moment)];
  const kills: string[] = [];
  let [run, args] = ['', trainArgs];
  for (const momentAfter of moments) {
    const before = run ? await readdir(path.join(place.runs, run)) : [];
    const moment = momentAfter(before);
    const { killed, status, stdout, events } = await killedAt(place, args, moment, draws);
    assert.equal(epochsOf(events), reference.epochs.slice(0, epochsOf(events).length));
    if (!killed || status !== null) {
      assert.is(status, 0, stdout);
      return kills;
    }
    kills.push(moment.name);
    [run = ''] = await readdir(place.runs);
    if ((await leftIn(path.join(place.runs, run))).some(isTemporary)) halfWritten += 1;
    args = resumeArgs(run);
  }
  const { status, events, stdout } = await ended(startIn(place, args));
  const hasEnded = /can't be resumed: it has ended/.test(stdout);
  if (!hasEnded) {
    assert.is(status, 0, stdout);
    assert.equal(epochsOf(events), reference.epochs);
  }
  return kills;
}

test(`killed at ${killPoints} moments and resumed, runs end with the weights of one never stopped`, async () => {
  const kills: string[] = [];
  const kinds = () => new Set(kills).size;
  const isEnough = () => kills.length >= killPoints && kinds() === 9 && halfWritten > 0;
  for (let round = 1; !isEnough() && round <= mostRounds; round += 1) {
    const place = placeOf(`killed-${round}`);
    kills.push(...(await killAgainAndAgain(place)));
    const [run = '', ...others] = await readdir(place.runs);
    assert.equal(others, [], 'one run');
    await assertEndedAs(place, run, reference.model);
  }
  assert.ok(kills.length >= killPoints, kills.join());
  assert.is(kinds(), 9, kills.join());
  assert.ok(halfWritten > 0, 'some were killed while they wrote');
});

test.run();
