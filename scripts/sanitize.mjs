// npm run sanitize: tests that have the addons compute, against such as were built with sanitizers (GCC on Linux), in minutes.
//   npm run sanitize -- address                  more of them under that one; undefined and thread, too, or address,undefined
//   npm run sanitize -- thread native-step       only files whose name holds one of the words, in test/ and test/integration/
import path from 'node:path';
import { Groups } from './process-groups.mjs';
import { areSanitizers, withSanitizers } from './sanitizers.mjs';
import { orExplain, setUp } from './setup.mjs';
import { root, SetUpError } from './shell.mjs';
import { conclude, runFiles, testFilesIn } from './test-runner.mjs';

/** What can be built together is run together. */
const all = ['address,undefined', 'thread'];

/**
 * Files of test/: `always`, and `named` where a sanitizer is named. Left out are
 * - tests of what JavaScript does with what the addons give, which have these do nothing else than those here do;
 * - integration/native-memory, which measures memory;
 * - integration/terminal-output, half of whose tests fail with AddressSanitizer, which has handlers of its own for crashes;
 * - under ThreadSanitizer `inference`, `quantization` and `native-numbers`, `-dtype` and `-processor`, which compute for long in
 *   the way that `native-step` does for short;
 * - `ranks`, whose processes wait 3 to 20 s for one another, which is not enough for them on a slow machine.
 */
const chosen = {
  memory: {
    always: [
      'native-end',
      'native-fingerprint',
      'native-refusals',
      'native-step',
      'native-threads',
    ],
    named: [
      'fingerprints',
      'inference',
      'logistic-regression',
      'native-dtype',
      'native-numbers',
      'native-processor',
      'native-state',
      'quantization',
    ],
  },
  thread: {
    // The engine and its queue, interrupts, threads of OpenMP's, libuv's and the kernels' own.
    always: ['logistic-regression', 'native-fingerprint', 'native-threads'],
    named: ['native-end', 'native-refusals', 'native-state', 'native-step'],
  },
};
/**
 * What those that are named besides do without under ThreadSanitizer, since `native-threads` has it:
 * - the kernels, which spend nine tenths of the time in telling it of each value that they read and write;
 * - OpenMP's threads, whose barriers it does not see: what the engine's thread frees behind one is told as a race, and by then no
 *   stack is left of the access before it, by which a suppression could go.
 */
const alone = { GILLNET_KERNELS: 'none', OMP_THREAD_LIMIT: '1' };
/** What else a file is told: its own processes may take longer than they do by themselves. */
const patience = { GILLNET_TEST_SLOWER: '5' };

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
    console.log(`With ${asked}:`);
    const { always, named } = asked === 'thread' ? chosen.thread : chosen.memory;
    const reports = await withSanitizers(asked, async (env) => {
      const besides = { ...env, ...(asked === 'thread' && alone) };
      const listed = given === undefined ? always : [...always, ...named];
      const isMeant = (name) =>
        words.length === 0
          ? listed.includes(name)
          : words.some((word) => path.basename(name).includes(word));
      const first = await run((name) => always.includes(name) && isMeant(name), env);
      const second = await run((name) => !always.includes(name) && isMeant(name), besides);
      if (first + second === 0)
        throw new SetUpError(`no test file's name holds ${words.join(' or ')}.`);
    });
    // Behind the await: what failed meanwhile has been added.
    totals.failed += reports;
  }
});
process.exitCode = conclude(totals);

/** @param isWanted whether a file is, by its path in test/ without `.test.ts` @returns how many are */
async function run(isWanted, env) {
  const nameOf = (folder, file) => path.join(folder, file.replace(/\.test\.tsx?$/, ''));
  let count = 0;
  for (const folder of ['', 'integration']) {
    const files = testFilesIn(path.join(root, 'test', folder), []).filter((file) =>
      isWanted(nameOf(folder, file)),
    );
    if (files.length === 0) continue;
    count += files.length;
    const counted = await runFiles(files, {
      compiled: path.join(root, 'dist/test', folder),
      limitSeconds: 900,
      atOnce: folder === '' ? 2 : 1,
      ...{ env: { ...env, ...patience }, groups },
    });
    for (const name of Object.keys(totals)) totals[name] += counted[name];
  }
  return count;
}
