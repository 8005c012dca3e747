import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { programs } from '../servers/programs.js';
import { startPrometheus } from '../servers/prometheus.js';
import { asked } from '../support/dashboard.js';
import { modelsOf, noisePhoto, randomModel, serverOf } from '../support/serving.js';
import { contentOf } from '../support/sources.js';
import { suite } from '../support/suite.js';

const test = suite('monitoring by Prometheus');

/** Panels of what has not happened here: no second model, no corrections, no evaluation to drift from. */
const silent = ['Drift', 'Second model', 'Second model’s confidence', 'Corrected labels'];

test.needs(
  programs.prometheus,
  'it reads a server by the file that Compose gives it, and answers all that the dashboard asks',
  async () => {
    const key = 'key-0123456789abcdef';
    const { folder } = await modelsOf(await randomModel(1));
    const { server, predict, end } = await serverOf(folder, { keys: [key] });
    const { host } = new URL(server.address);
    const file = contentOf('docs/monitoring/prometheus.yml');
    const replaced = (text: string, from: string, to: string) => {
      assert.ok(text.includes(from), from);
      return text.replace(from, to);
    };
    const config = (place: string) =>
      [
        ['serve:3000', host],
        ['/run/gillnet/', `${place}/`],
        ['interval: 15s', 'interval: 1s'],
      ].reduce((text, [from = '', to = '']) => replaced(text, from, to), file);
    const prometheus = await startPrometheus(config, { 'metrics-key': key });
    const query = async (expr: string) => {
      const about = new URLSearchParams({ query: expr });
      const address = `http://${prometheus.host}:${prometheus.port}/api/v1/query?${about}`;
      const { status, error, data } = (await (await fetch(address)).json()) as {
        status: string;
        error?: string;
        data?: { result: { value: [number, string] }[] };
      };
      assert.is(status, 'success', `${expr}: ${error}`);
      return (data?.result ?? []).map(({ value }) => Number(value[1]));
    };
    try {
      const headers = { 'x-api-key': key };
      for (let round = 0; (await query('gillnet_confidence_count'))[0] !== 12; round += 1) {
        assert.ok(round < 60, 'it is scraped');
        if (round < 12) {
          assert.is((await predict(await noisePhoto(round), { headers })).status, 200);
        }
        await pause(500);
      }
      assert.equal(await query('up{job="gillnet"}'), [1]);
      for (const { title, expr } of asked) {
        const values = await query(expr.replaceAll('$__rate_interval', '1m'));
        if (silent.includes(title)) continue;
        assert.ok(values.length > 0 && values.every(Number.isFinite), `${title}: ${values}`);
      }
    } finally {
      await prometheus.discard();
      await end();
    }
  },
);

test.run();
