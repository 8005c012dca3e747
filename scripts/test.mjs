// npm test: the set-up, then every test/*.test.ts.
//   npm test -- guard pickle     only files whose name holds one of the words
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { orExplain, setUp } from './setup.mjs';
import { root } from './shell.mjs';
import { conclude, runTests } from './test-runner.mjs';

await orExplain(setUp);
const totals = await runTests({
  sources: path.join(root, 'test'),
  compiled: path.join(root, 'dist/test'),
  words: process.argv.slice(2),
  limitSeconds: 900,
  // Many a test waits for a process to begin or end.
  atOnce: Math.min(2, availableParallelism()),
});
process.exitCode = conclude(totals);
