// npm run fuzz:native: wrong, hostile and changing arguments, against the addons built with AddressSanitizer and
// UndefinedBehaviorSanitizer (GCC on Linux).
//   npm run fuzz:native -- --cases 5000 --seed 7
import path from 'node:path';
import { withSanitizers } from './sanitizers.mjs';
import { orExplain, setUp } from './setup.mjs';
import { root, run } from './shell.mjs';

/** In ms; a call that never ends fails. */
const longest = 10 * 60_000;

await orExplain(async () => {
  await setUp();
  const fuzzer = path.join(root, 'dist/test/fuzz/native.js');
  const args = ['--expose-gc', fuzzer, ...process.argv.slice(2)];
  let status;
  const reports = await withSanitizers('address,undefined', async (env) => {
    const options = { stdio: 'inherit', timeout: longest, env: { ...process.env, ...env } };
    status = await run(process.execPath, args, options);
  });
  // A report of the sanitizers ends the process before it counts.
  if (reports > 0 || (status !== 0 && status !== 1)) console.log('0 passed, 1 failed');
  process.exitCode = status === 0 ? 0 : 1;
});
