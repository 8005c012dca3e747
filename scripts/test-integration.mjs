// npm run test:integration: the set-up, the servers' programs, then every test/integration/*.test.ts.
//   npm run test:integration -- keys           only files whose name holds one of the words
//   npm run test:integration -- --minutes 30   begins none after that, and names those that are left out: others each day
import path from 'node:path';
import { parseArgs } from 'node:util';
import { installPrograms } from './programs.mjs';
import { orExplain, setUp } from './setup.mjs';
import { root } from './shell.mjs';
import { runTests } from './test-runner.mjs';

const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string' } },
  allowPositionals: true,
});
const minutes = Number(values.minutes ?? Number.POSITIVE_INFINITY);
await orExplain(setUp);
await orExplain(installPrograms);
process.exitCode = await runTests({
  sources: path.join(root, 'test/integration'),
  compiled: path.join(root, 'dist/test/integration'),
  words: positionals,
  limitSeconds: 500,
  // Many a test waits for a process or a server.
  atOnce: 2,
  // They measure time, in the trainer's keys and a server's answers.
  alone: ['keys.test.ts'],
  until: minutes * 60_000,
  turn: Math.floor(Date.now() / 86_400_000),
});
