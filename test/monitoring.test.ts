import * as assert from 'uvu/assert';
import { asked, metricsIn } from './support/dashboard.js';
import { modelsOf, noisePhoto, randomModel, serverOf } from './support/serving.js';
import { suite } from './support/suite.js';

const test = suite('monitoring');

test('the dashboard asks for nothing that a server does not tell', async () => {
  const { folder } = await modelsOf(await randomModel(1));
  const { ask, predict, end } = await serverOf(folder);
  await predict(await noisePhoto(0));
  const text = await (await ask('/metrics')).text();
  const parts = { histogram: ['_bucket', '_sum', '_count'], counter: [''], gauge: [''] };
  const told = [...text.matchAll(/^# TYPE (\w+) (histogram|counter|gauge)$/gm)].flatMap(
    ([, name, type]) => parts[type as keyof typeof parts].map((part) => `${name}${part}`),
  );
  assert.ok(asked.length > 15);
  for (const { title, expr } of asked) {
    const names = metricsIn(expr);
    assert.ok(names.length > 0, title);
    for (const name of names) assert.ok(told.includes(name), `${title}: ${name}`);
  }
  const bare = (name: string) => name.replace(/_(bucket|sum|count)$/, '');
  const shown = new Set(asked.flatMap(({ expr }) => metricsIn(expr)).map(bare));
  const ours = new Set(told.map(bare).filter((name) => name.startsWith('gillnet_')));
  assert.equal(
    [...ours].filter((name) => !shown.has(name)),
    [],
    'all of gillnet’s own are shown',
  );
  await end();
});

test.run();
