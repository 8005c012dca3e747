// npm run test:integration: the set-up, the servers' programs, then every test/integration/*.test.ts.
//   npm run test:integration -- keys     only files whose name holds one of the words
import path from 'node:path';
import { installPrograms } from './programs.mjs';
import { orExplain, setUp } from './setup.mjs';
import { root } from './shell.mjs';
import { conclude, runTests } from './test-runner.mjs';

await orExplain(setUp);
await orExplain(installPrograms);
const totals = await runTests({
  sources: path.join(root, 'test/integration'),
  compiled: path.join(root, 'dist/test/integration'),
  words: process.argv.slice(2),
  limitSeconds: 300,
});
process.exitCode = conclude(totals);
