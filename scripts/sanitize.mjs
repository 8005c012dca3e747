// npm run sanitize: the tests that load the addons, against such as were built with sanitizers (GCC on Linux).
//   npm run sanitize -- address                  that one alone; undefined and thread, too, or several: address,undefined
//   npm run sanitize -- thread native-step       only files whose name holds one of the words, in test/ and test/integration/
import path from 'node:path';
import { Groups } from './process-groups.mjs';
import { areSanitizers, withSanitizers } from './sanitizers.mjs';
import { orExplain, setUp } from './setup.mjs';
import { root, SetUpError } from './shell.mjs';
import { conclude, runFiles, testFilesIn } from './test-runner.mjs';

/** What can be built together is run together. */
const all = ['address,undefined', 'thread'];
/** What runs most of the addons' own code, in minutes; others measure memory or time, or compute for long. */
const memory = [
  'native-end',
  'native-fingerprint',
  'native-refusals',
  'native-step',
  'native-threads',
];
/** The engine and its queue, interrupts, threads of OpenMP's and libuv's. */
const threads = ['logistic-regression', 'native-fingerprint', 'native-threads'];

const [given, ...words] = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };
const groups = new Groups();

await orExplain(async () => {
  if (given !== undefined && !areSanitizers(given)) {
    throw new SetUpError(
      `there is no sanitizer ${given}; expected address, undefined, address,undefined or thread.`,
      2,
    );
  }
  await setUp();
  for (const asked of given === undefined ? all : [given]) {
    const chosen = asked === 'thread' ? threads : memory;
    console.log(`With ${asked}:`);
    totals.failed += await withSanitizers(asked, (env) =>
      run(words.length > 0 ? words : chosen, env),
    );
  }
});
process.exitCode = conclude(totals);

async function run(wanted, env) {
  const chosen = ['test', 'test/integration']
    .map((folder) => ({ folder, files: testFilesIn(path.join(root, folder), wanted) }))
    .filter(({ files }) => files.length > 0);
  if (chosen.length === 0)
    throw new SetUpError(`no test file's name holds ${wanted.join(' or ')}.`);
  for (const { folder, files } of chosen) {
    const counted = await runFiles(files, {
      compiled: path.join(root, 'dist', folder),
      limitSeconds: 900,
      atOnce: folder === 'test' ? 2 : 1,
      ...{ env, groups },
    });
    for (const name of Object.keys(totals)) totals[name] += counted[name];
  }
}
