import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { root, suite } from './support/suite.js';

const test = suite('which tests a change concerns');

type Contents = Map<string, string | null>;
const { waysTo } = (await import(path.join(root, 'scripts/import-graph.mjs'))) as {
  waysTo(changed: string[], starts: string[], contents: Contents): string[][];
};

/** As TypeScript compiles them, in a few lines. */
const small: Contents = new Map(
  Object.entries({
    'dist/test/a.test.js': `import { run } from '../lib/run.js';\nimport * as assert from "uvu/assert";`,
    'dist/test/b.test.js': "export { read } from '../lib/read.js'; // it's read",
    'dist/test/c.test.js': `const { c } = await import('./support/c.js');`,
    'dist/test/support/c.js': `path.join(root, 'scripts/start.mjs'); readFileSync('test/fixtures/c.json');`,
    'dist/lib/run.js': `new Worker(new URL('./read-worker.js', import.meta.url)); import '../test/a.test.js';`,
    'dist/lib/read-worker.js': `import { read } from './read.js';`,
    'dist/lib/read.js': 'createRequire(import.meta.url)(`../../build/Release/read.node`);',
    'scripts/start.mjs': `import '../dist/lib/read.js'; sourcesIn('docs/');`,
    'test/fixtures/c.json': null,
    'build/Release/read.node': null,
    'docs/pages/one.md': null,
  }),
);
const starts = [...small.keys()].filter((file) => file.endsWith('.test.js'));
const shortly = (ways: string[][]) => ways.map((way) => way.map((file) => path.basename(file)));

test('those that import it, also through others; workers, commands, addons and fixtures count', () => {
  const waysOf = (file: string) => shortly(waysTo([file], starts, small));
  assert.equal(waysOf('dist/lib/run.js'), [['a.test.js', 'run.js']]);
  assert.equal(waysOf('dist/lib/read-worker.js'), [['a.test.js', 'run.js', 'read-worker.js']]);
  assert.equal(waysOf('test/fixtures/c.json'), [['c.test.js', 'c.js', 'c.json']]);
  assert.equal(waysOf('build/Release/read.node'), [
    ['a.test.js', 'run.js', 'read-worker.js', 'read.js', 'read.node'],
    ['b.test.js', 'read.js', 'read.node'],
    ['c.test.js', 'c.js', 'start.mjs', 'read.js', 'read.node'],
  ]);
  assert.equal(waysOf('docs/pages/one.md'), [['c.test.js', 'c.js', 'start.mjs', 'one.md']]);
});

test('itself is the first; what is gone still counts, what nobody names never', () => {
  assert.equal(shortly(waysTo(['dist/test/b.test.js'], starts, small)), [['b.test.js']]);
  const without = new Map(small);
  without.delete('dist/lib/run.js');
  assert.equal(shortly(waysTo(['dist/lib/run.js'], starts, without)), [['a.test.js', 'run.js']]);
  assert.equal(waysTo(['README.md', 'dist/lib/other.js'], starts, small), []);
  assert.equal(waysTo([], starts, small), []);
});

test('of this clone, those run that load what has changed, and others do not', () => {
  const contents: Contents = new Map();
  for (const folder of ['dist/lib', 'dist/test', 'scripts']) {
    for (const name of readdirSync(path.join(root, folder), {
      recursive: true,
      encoding: 'utf8',
    })) {
      const file = path.join(folder, name);
      if (/\.m?js$/.test(file)) contents.set(file, readFileSync(path.join(root, file), 'utf8'));
    }
  }
  const tests = [...contents.keys()].filter((file) => /^dist\/test\/[^/]*\.test\.js$/.test(file));
  const concernedBy = (file: string) =>
    waysTo([file], tests, contents).map(([start]) => path.basename(start ?? '', '.test.js'));
  for (const [changed, among, not] of [
    ['dist/lib/pipeline/guard.js', ['guard', 'doubt', 'cli'], ['pickle', 'zip', 'mcnemar']],
    ['dist/lib/model/formats/pickle.js', ['pickle', 'model-file'], ['mcnemar', 'bilinear']],
    ['build/Release/gillnet_fingerprint.node', ['native-fingerprint'], ['mcnemar', 'bilinear']],
    ['dist/test/support/native.js', ['native-step', 'plain', 'ranks'], ['guard', 'zip']],
  ] as const) {
    const concerned = concernedBy(changed);
    for (const name of among) assert.ok(concerned.includes(name), `${changed}: ${concerned}`);
    for (const name of not) assert.not(concerned.includes(name), `${changed}: ${concerned}`);
  }
});

test.run();
