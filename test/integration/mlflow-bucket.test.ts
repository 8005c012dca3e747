import * as assert from 'uvu/assert';
import { openStore } from '../../lib/store/open.js';
import { startMinio } from '../servers/minio.js';
import { startMlflow } from '../servers/mlflow.js';
import { programs } from '../servers/programs.js';
import { ofType } from '../support/events.js';
import { placeWithPhotos, trainArgs } from '../support/mlflow.js';
import { suite } from '../support/suite.js';

const test = suite('an MLflow server whose clients write artifacts themselves');

const oneEpoch = [...trainArgs, '--epochs', '1'];

test.needs([programs.mlflowPython, programs.minio], 'files go into its bucket', async () => {
  const { env } = await startMinio();
  Object.assign(process.env, env);
  const bucket = await openStore('s3://tracked/artifacts');
  await bucket.prepare();
  const server = await startMlflow({ artifactRoot: bucket.location });
  const place = await placeWithPhotos('in a bucket', { ...server.env, ...env });
  const { events } = await place.succeeds(...oneEpoch);
  await place.succeeds('sync');
  const sizes = new Map<string, number>();
  for await (const { key, bytes } of bucket.list()) {
    sizes.set(key.split('/').at(-1) as string, bytes);
  }
  const [saved] = ofType(events, 'saved');
  assert.is(sizes.get(saved?.model as string), saved?.bytes);
  for (const name of ['MLmodel', 'model.onnx', 'report.html', 'model-card.md']) {
    assert.ok(sizes.has(name), [...sizes.keys()].join());
  }
});

test.needs(
  programs.mlflowPython,
  'where gillnet can’t write, all but the files is told',
  async () => {
    const server = await startMlflow({ artifactRoot: '/a/folder/of/the/server' });
    const place = await placeWithPhotos('elsewhere', server.env);
    const { events } = await place.succeeds(...oneEpoch);
    const { stdout } = await place.gillnet('sync');
    const warned = ofType(events, 'warning').some(({ code }) => code === 'MLFLOW_ARTIFACTS');
    assert.ok(warned || /artifacts-destination/.test(stdout), stdout);
  },
);

test.run();
