import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { account, startMlflow } from '../servers/mlflow.js';
import { freePort } from '../servers/ports.js';
import { programs } from '../servers/programs.js';
import type { RunningServer } from '../servers/server.js';
import { ofType } from '../support/events.js';
import {
  placeWithPhotos,
  readOnlyRun,
  sameCurves,
  syncedRun,
  tracked,
  trainArgs,
} from '../support/mlflow.js';
import { suite } from '../support/suite.js';

const test = suite('an MLflow server with accounts');
const needed = programs.mlflowPython;

const oneEpoch = [...trainArgs, '--epochs', '1'];
const { user, password } = account;
const names = { MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password };
let server: RunningServer;
let address = '';

test.needs(needed, 'who may not speak to it is told so, and trains nevertheless', async () => {
  server = await startMlflow({ auth: true });
  address = server.env.MLFLOW_TRACKING_URI as string;
  const place = await placeWithPhotos('accounts', {
    MLFLOW_TRACKING_URI: address.replace('//', `//${user}:wrong-secret@`),
  });
  const { events } = await place.succeeds(...oneEpoch);
  assert.ok(ofType(events, 'warning').some(({ code }) => code === 'DENIED'));

  const allowed = tracked(place.experiment, names, place.cwd);
  await syncedRun(allowed, { ...server.env, ...names });
  for (const secret of ['wrong-secret', password]) {
    const args = ['-c', 'grep -rlF -- "$0" .gillnet || true', secret];
    const holders = execFileSync('sh', args, { cwd: place.cwd, encoding: 'utf8' });
    assert.is(holders, '', secret);
  }
});

test.needs(needed, 'a run that no server was to be told of can be told afterwards', async () => {
  const place = await placeWithPhotos('untold', {});
  await place.succeeds(...oneEpoch);
  const [name = ''] = readdirSync(path.join(place.cwd, '.gillnet/runs'));
  const nowhere = await place.gillnet('sync', name);
  assert.is(nowhere.status, 2);
  assert.match(nowhere.stdout, /--mlflow or MLFLOW_TRACKING_URI/);
  const allowed = tracked(place.experiment, names, place.cwd);
  await allowed.succeeds('sync', name, '--mlflow', address);
  const run = await readOnlyRun(place.experiment, { ...server.env, ...names });
  sameCurves(run, await place.log());

  // As if told to another server, which has never heard of it: two thirds, and then all of it.
  const bookmark = path.join(place.cwd, '.gillnet/runs', name, 'mlflow.json');
  const { lines, ...kept } = JSON.parse(readFileSync(bookmark, 'utf8'));
  const experiment = `${place.experiment}-again`;
  const other = { ...kept, server: 'http://other.test', key: randomUUID(), experiment };
  for (const told of [Math.floor(lines / 1.5), lines]) {
    const state = { ...other, key: randomUUID(), lines: told, complete: told === lines };
    writeFileSync(bookmark, JSON.stringify({ ...state, experiment: `${experiment}-${told}` }));
    const again = await allowed.succeeds('sync', name, '--mlflow', address);
    assert.match(again.stdout, new RegExp(`"lines":${lines},`));
    const whole = await readOnlyRun(`${experiment}-${told}`, { ...server.env, ...names });
    sameCurves(whole, await place.log());
  }
});

test('where nobody listens, a training has a warning and its model', async () => {
  const place = await placeWithPhotos('nobody', {
    MLFLOW_TRACKING_URI: `http://127.0.0.1:${await freePort()}`,
  });
  const { events } = await place.succeeds(...oneEpoch);
  assert.is(ofType(events, 'saved').length, 1);
  assert.ok(ofType(events, 'warning').some(({ code }) => code === 'MLFLOW_LATER'));
});

test.run();
