// npm test -- --watch: after each change the set-up, then the test files that lead to what came out otherwise.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, watch } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { waysTo } from './import-graph.mjs';
import { Groups } from './process-groups.mjs';
import { setUp } from './setup.mjs';
import { root, SetUpError } from './shell.mjs';
import { compiledName, conclude, runFiles, testFilesIn } from './test-runner.mjs';

/** What people write, beside the files of the root. */
const written = ['lib', 'native', 'scripts', 'test', 'bench', 'docs'];
/** What is made of it. */
const made = ['dist', 'build/Release'];
/** An editor may write a file in several steps. */
const quietMilliseconds = 100;
/** As a terminal gives it that is read key by key. */
const ctrlC = '\x03';

/** Until q or Ctrl-C. @param settings those of `runTests` */
export async function watchTests({ sources, compiled, words, ...how }) {
  const wakes = new Wakes();
  let before = contents();
  let next = allOf(testFilesIn(sources, words));
  let failing = [];

  while (next) {
    const { files, why } = next;
    console.clear();
    for (const line of why) console.log(line);
    const groups = new Groups();
    wakes.onNext(() => groups.interrupt('SIGTERM'));
    const result = await runFiles(files, { compiled, ...how, groups });
    conclude(result);
    groups.close();
    failing = [...failing.filter((file) => !files.includes(file)), ...result.failing];
    const stopped = files.filter((file) => !result.ended.includes(file));
    failing = failing.filter((file) => !stopped.includes(file));
    if (failing.length > 0) console.log(`Failing: ${failing.join(', ')}.`);
    next = await nextRun(stopped);
  }
  wakes.close();

  /** Waits for something to run. @returns null when it is to end */
  async function nextRun(stopped) {
    for (;;) {
      if (!wakes.any()) console.log('Waits for changes. Enter runs all again, q ends.');
      await new Promise((resolve) => wakes.onNext(resolve));
      if (wakes.ended) return null;
      await wakes.quiet();
      const again = wakes.take();
      if (!(await setUpOrTell())) continue;
      const files = testFilesIn(sources, words);
      const after = contents();
      const changed = differing(before, after);
      before = after;
      const run = again ? allOf(files) : concerned(changed, files, stopped);
      if (run.files.length > 0) return run;
      console.log(`No test leads to what has changed: ${changed.join(', ') || 'nothing'}.`);
    }
  }

  function concerned(changed, files, stopped) {
    const folder = path.relative(root, compiled).split(path.sep).join('/');
    const starts = files.map((file) => `${folder}/${compiledName(file)}`);
    const ways = new Map(waysTo(changed, starts, before).map(([start, ...way]) => [start, way]));
    const reasons = files.flatMap((file, at) => {
      const way = ways.get(starts[at]);
      if (way) return [[file, way.length > 0 ? `by ${way.join(' → ')}` : 'by itself']];
      return stopped.includes(file) ? [[file, 'as it was stopped before']] : [];
    });
    return {
      files: reasons.map(([file]) => file),
      why: [
        `Runs ${reasons.length} of ${files.length} test files:`,
        ...reasons.map((each) => `  ${each.join(' ')}`),
      ],
    };
  }
}

const allOf = (files) => ({ files, why: [`Runs all ${files.length} test files.`] });

/** Compiles and builds what has changed. What does not compile is told, and waits for the next change. */
async function setUpOrTell() {
  try {
    await setUp();
    return true;
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    console.log(error.message);
    return false;
  }
}

/** All that tests may read, by its path from the root: its text where that can name others, else its hash. */
function contents() {
  const found = new Map();
  const add = (file) => {
    const bytes = readFileSync(path.join(root, file));
    const text = /\.m?js$/.test(file);
    const content = text ? bytes.toString() : createHash('sha256').update(bytes).digest('hex');
    found.set(file.split(path.sep).join('/'), content);
  };
  for (const name of readdirSync(root)) if (isFile(name)) add(name);
  for (const folder of [...written, ...made]) {
    for (const name of readdirSync(path.join(root, folder), { recursive: true })) {
      const file = path.join(folder, name);
      if (!/\.(map|tsbuildinfo)$|\.gillnet-/.test(file) && isFile(file)) add(file);
    }
  }
  return found;
}

const factsOf = (name) => statSync(path.join(root, name), { throwIfNoEntry: false });
const isFile = (name) => factsOf(name)?.isFile() ?? false;
const isFolder = (name) => factsOf(name)?.isDirectory() ?? false;

const differing = (before, after) =>
  [...new Set([...before.keys(), ...after.keys()])].filter(
    (file) => before.get(file) !== after.get(file),
  );

/** What ends the wait: a change to what people write, Enter, q or Ctrl-C. */
class Wakes {
  #changed = false;
  #again = false;
  ended = false;
  #lastChange = 0;
  #listener = null;
  /** By folder: Node 20 on Linux loses a file that an editor replaces, if it watches recursively. */
  #watchers = new Map();

  constructor() {
    this.#follow('.');
    for (const folder of written) this.#followAll(folder);
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, this.#end);
    if (!process.stdin.isTTY) return;
    process.stdin.setRawMode(true);
    process.stdin.setEncoding('utf8').on('data', (keys) => {
      if (keys.includes('q') || keys.includes(ctrlC)) this.#end();
      if (!/[\r\n]/.test(keys)) return;
      this.#again = true;
      this.#wake();
    });
  }

  #followAll(folder) {
    this.#follow(folder);
    for (const name of readdirSync(path.join(root, folder))) {
      const below = path.join(folder, name);
      if (isFolder(below)) this.#followAll(below);
    }
  }

  #follow(folder) {
    if (this.#watchers.has(folder)) return;
    const watcher = watch(path.join(root, folder), (_, name) => {
      const changed = path.join(folder, name ?? '');
      // Of the root its files, not folders such as dist.
      if (folder === '.' && !isFile(changed)) return;
      if (isFolder(changed)) this.#followAll(changed);
      this.#changed = true;
      this.#lastChange = performance.now();
      this.#wake();
    });
    // Its folder has gone.
    watcher.on('error', () => watcher.close());
    watcher.on('close', () => this.#watchers.delete(folder));
    this.#watchers.set(folder, watcher);
  }

  any() {
    return this.#changed || this.#again || this.ended;
  }

  /** Calls `listener` at the next of them, or at once where there has been one. Another takes its place. */
  onNext(listener) {
    this.#listener = listener;
    if (this.any()) this.#wake();
  }

  /** Waits until no more changes come. */
  async quiet() {
    while (performance.now() - this.#lastChange < quietMilliseconds)
      await pause(quietMilliseconds / 2);
  }

  /** From now on only what comes later counts. @returns whether all are to be run */
  take() {
    const again = this.#again;
    this.#changed = false;
    this.#again = false;
    return again;
  }

  close() {
    for (const watcher of this.#watchers.values()) watcher.close();
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    process.stdin.destroy();
  }

  #end = () => {
    this.ended = true;
    this.#wake();
  };

  #wake() {
    this.#listener?.();
    this.#listener = null;
  }
}
