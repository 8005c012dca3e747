import { readdirSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { startMlflow } from '../servers/mlflow.js';
import { programs } from '../servers/programs.js';
import { startProxy } from '../servers/proxy.js';
import type { RunningServer } from '../servers/server.js';
import { running } from '../support/command.js';
import { ofType } from '../support/events.js';
import {
  placeWithPhotos,
  readOnlyRun,
  sameCurves,
  syncedRun,
  trainArgs,
} from '../support/mlflow.js';
import { resumeArgs } from '../support/resumable.js';
import { suite } from '../support/suite.js';

const test = suite('an MLflow server that goes away, or whose answers do');
const needed = programs.mlflowPython;

let server: RunningServer;

test.needs(needed, 'killed in mid-run and started again it has every point, once', async () => {
  server = await startMlflow();
  const place = await placeWithPhotos('killed', server.env);
  const { end, told } = running(place.start(...trainArgs, '--epochs', '30'));
  await told(/"type":"tracked"/);
  await told(/"type":"epoch"/, 2);
  await server.kill();
  await told(/"type":"epoch"/, 6);
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
    const { events } = await place.succeeds(...trainArgs);
    const warnings = ofType(events, 'warning').map(({ code }) => code);
    assert.ok(warnings.includes('UNREACHABLE'), warnings.join());
    assert.ok(warnings.includes('MLFLOW_LATER'), warnings.join());
    const inVain = await place.gillnet('sync');
    assert.is(inVain.status, 1);
    assert.match(inVain.stdout, /UNREACHABLE/);

    await server.start();
    for (const expected of [/"state":"told"/, /^$/]) {
      const synced = await place.succeeds('sync');
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
      place.start(...trainArgs, '--epochs', '6', '--checkpoint-seconds', '1'),
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
    const threads = ['--checkpoint-seconds', '60', '--threads', '1'];
    await place.succeeds(...resumeArgs(name), ...threads);
    await place.gillnet('sync');
    const run = await readOnlyRun(place.experiment, server.env);
    assert.is(run.id, before.id);
    assert.is(run.status, 'FINISHED');
    const log = await place.log();
    assert.is(ofType(log, 'resumed').length, 1);
    sameCurves(run, log);
  },
);

test.needs(
  needed,
  'answers that are lost, and a gateway’s errors, put nothing there twice',
  async () => {
    const proxy = await startProxy(server);
    try {
      const lost = new Set<string>();
      let count = 0;
      // Of each kind of request the first answer is lost, and later every fourth.
      proxy.fault = ({ method, path: asked }) => {
        const kind = `${method} ${asked.replace(/\?.*|[0-9a-f]{32}/g, '')}`;
        count += 1;
        if (!lost.has(kind)) {
          lost.add(kind);
          return { kind: 'lose' };
        }
        if (count % 4 === 0) return { kind: 'lose' };
        return count % 5 === 0 ? { kind: 'status', status: 502 } : undefined;
      };
      const place = await placeWithPhotos('lossy', {
        MLFLOW_TRACKING_URI: `http://${proxy.host}:${proxy.port}`,
      });
      await place.succeeds(...trainArgs);
      const run = await syncedRun(place, server.env);
      assert.is(run.models.length, 1);
      assert.is(run.versions.length, 1);
      assert.is(run.datasets.length, 1);
      assert.ok(lost.size >= 10, [...lost].join());
    } finally {
      await proxy.close();
    }
  },
);

test.run();
