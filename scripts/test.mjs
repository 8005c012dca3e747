// npm test: the set-up, then every test/*.test.ts.
//   npm test -- guard pickle     only files whose name holds one of the words
//   npm test -- --watch guard    again after each change, those of them that lead to it
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { orExplain, setUp } from './setup.mjs';
import { root } from './shell.mjs';
import { runTests } from './test-runner.mjs';
import { watchTests } from './test-watch.mjs';

const { values, positionals } = parseArgs({
  options: { watch: { type: 'boolean' } },
  allowPositionals: true,
});
await orExplain(setUp);
const settings = {
  sources: path.join(root, 'test'),
  compiled: path.join(root, 'dist/test'),
  words: positionals,
  limitSeconds: 900,
  // Many a test waits for a process to begin or end.
  atOnce: Math.min(3, availableParallelism() + 1),
  // Whose own threads would wait awake for each other. What is tested with more asks for them.
  env: { OMP_NUM_THREADS: '1' },
  times: path.join(root, '.gillnet/test-seconds.json'),
};
if (values.watch) await watchTests(settings);
else process.exitCode = await runTests(settings);
