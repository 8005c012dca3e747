// npm run test:integration: the set-up, the servers' programs, then every test/integration/*.test.ts.
//   npm run test:integration -- keys           only files whose name holds one of the words
//   npm run test:integration -- --minutes=30   begins none after that, and names those that are left out: others each day
import path from 'node:path';
import { parseArgs } from 'node:util';
import { installPrograms } from './programs.mjs';
import { orExplain, setUp } from './setup.mjs';
import { root, SetUpError } from './shell.mjs';
import { runTests } from './test-runner.mjs';

const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string', default: 'Infinity' } },
  allowPositionals: true,
});
const minutes = Number(values.minutes);
await orExplain(async () => {
  if (Number.isNaN(minutes)) {
    throw new SetUpError(`--minutes is ${values.minutes}; expected a number.`, 2);
  }
  await setUp();
  await installPrograms();
});
process.exitCode = await runTests({
  sources: path.join(root, 'test/integration'),
  compiled: path.join(root, 'dist/test/integration'),
  words: positionals,
  limitSeconds: 500,
  // Many a test waits for a process or a server. A database that is given by GILLNET_TEST_MYSQL all of them would change.
  atOnce: process.env.GILLNET_TEST_MYSQL ? 1 : 2,
  // They measure time, or what a process leaves behind that was killed.
  alone: ['catalog.test.ts', 'keys.test.ts', 'servers.test.ts'],
  until: minutes * 60_000,
  turn: 17 * Math.floor(Date.now() / 86_400_000),
});
