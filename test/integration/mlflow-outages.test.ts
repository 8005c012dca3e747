import { readdirSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { startMlflow } from '../servers/mlflow.js';
import { programs } from '../servers/programs.js';
import type { RunningServer } from '../servers/server.js';
import { running } from '../support/command.js';
import { ofType } from '../support/events.js';
import { placeWithPhotos, readOnlyRun, sameCurves, syncedRun } from '../support/mlflow.js';
import { trainArgs as hurriedArgs, resumeArgs } from '../support/resumable.js';
import { suite } from '../support/suite.js';

const test = suite('an MLflow server that goes away');
const needed = programs.mlflowPython;

/** Without a checkpoint after each step. */
const trainArgs = [...hurriedArgs, '--checkpoint-seconds', '60'];
let server: RunningServer;

test.needs(needed, 'killed in mid-run and started again it has every point, once', async () => {
  server = await startMlflow();
  const place = await placeWithPhotos('killed', server.env);
  const { end, told } = running(place.start(...trainArgs, '--epochs', '60'));
  await told(/"type":"tracked"/);
  await told(/"type":"epoch"/, 2);
  await server.kill();
  await told(/"type":"epoch"/, 12);
  await server.start();
  const { status, stdout } = await end;
  assert.is(status, 0, stdout);
  const run = await syncedRun(place, server.env);
  assert.is(run.models[0]?.status, 'READY');
  assert.is(run.versions.length, 1);
});

test.needs(
  needed,
  'down for a whole run it is told all of it afterwards, and nothing twice',
  async () => {
    await server.kill();
    const place = await placeWithPhotos('down', server.env);
    const { status, stdout, events } = await place.gillnet(...trainArgs);
    assert.is(status, 0, stdout);
    const warnings = ofType(events, 'warning').map(({ code }) => code);
    assert.ok(warnings.includes('UNREACHABLE'), warnings.join());
    assert.ok(warnings.includes('MLFLOW_LATER'), warnings.join());
    const inVain = await place.gillnet('sync');
    assert.is(inVain.status, 1);
    assert.match(inVain.stdout, /UNREACHABLE/);

    await server.start();
    for (const expected of [/"state":"told"/, /^$/]) {
      const synced = await place.gillnet('sync');
      assert.is(synced.status, 0, synced.stdout);
      assert.match(synced.stdout, expected);
      const run = await readOnlyRun(place.experiment, server.env);
      sameCurves(run, await place.log());
      assert.is(run.status, 'FINISHED');
      assert.is(run.models.length, 1);
      assert.ok(run.artifacts.includes('report.html'));
    }
  },
);

test.needs(
  needed,
  'a training that is killed is ended there, and goes on there when it is resumed',
  async () => {
    const place = await placeWithPhotos('resumed', server.env);
    const { child, end, told } = running(
      place.start(...trainArgs, '--epochs', '12', '--checkpoint-seconds', '1'),
    );
    await told(/"type":"epoch"/, 3);
    child.kill('SIGKILL');
    await end;
    await place.gillnet('sync');
    const before = await readOnlyRun(place.experiment, server.env);
    assert.is(before.status, 'KILLED');
    sameCurves(before, await place.log());

    const [name = ''] = readdirSync(path.join(place.cwd, '.gillnet/runs'));
    // On another number of threads, which is one of the parameters.
    const { status, stdout } = await place.gillnet(
      ...resumeArgs(name),
      ...['--checkpoint-seconds', '60', '--threads', '1'],
    );
    assert.is(status, 0, stdout);
    await place.gillnet('sync');
    const run = await readOnlyRun(place.experiment, server.env);
    assert.is(run.id, before.id);
    assert.is(run.status, 'FINISHED');
    const log = await place.log();
    assert.is(ofType(log, 'resumed').length, 1);
    sameCurves(run, log);
  },
);

test.run();
