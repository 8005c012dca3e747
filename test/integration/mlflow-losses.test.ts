import * as assert from 'uvu/assert';
import { startMlflow } from '../servers/mlflow.js';
import { programs } from '../servers/programs.js';
import { startProxy } from '../servers/proxy.js';
import { placeWithPhotos, syncedRun } from '../support/mlflow.js';
import { trainArgs as hurriedArgs } from '../support/resumable.js';
import { suite } from '../support/suite.js';

const test = suite('an MLflow server whose answers are lost');
const needed = programs.mlflowPython;

/** Without a checkpoint after each step. */
const trainArgs = [...hurriedArgs, '--checkpoint-seconds', '60'];

test.needs(
  needed,
  'answers that are lost, and a gateway’s errors, put nothing there twice',
  async () => {
    const server = await startMlflow();
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
      const { status, stdout } = await place.gillnet(...trainArgs);
      assert.is(status, 0, stdout);
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
