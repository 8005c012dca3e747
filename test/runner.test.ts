import { spawn, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { writeFiles } from './support/photos.js';
import { root, suite, temporaryFolder } from './support/suite.js';

const test = suite('the runner of tests');

const support = path.join(root, 'dist/test/support/suite.js');
const head = `import { suite } from '${support}'; const test = suite('inner');`;

interface Settings {
  limitSeconds?: number;
  atOnce?: number;
  alone?: string[];
  turn?: number;
  until?: number;
}

/** A script that runs the test files of a folder, their compiled form beside them. */
function scriptOf(folder: string, given: Settings = {}): string {
  const settings = { sources: folder, compiled: folder, words: [], limitSeconds: 20, ...given };
  return `
    import { runTests } from '${root}scripts/test-runner.mjs';
    process.exitCode = await runTests(${JSON.stringify(settings)});
  `;
}

async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = temporaryFolder();
  for (const [name, body] of Object.entries(files)) {
    await writeFiles(folder, { [`${name}.test.ts`]: '', [`${name}.test.mjs`]: head + body });
    await writeFiles(folder, { [`${name}.test.js`]: `import './${name}.test.mjs';` });
  }
  return folder;
}

function runIn(folder: string, settings?: Settings) {
  const script = scriptOf(folder, settings);
  const args = ['--input-type=module', '--eval', script];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, lines: stdout.trim().split('\n') };
}

test('the last line has the sums; skipped ones are counted apart', async () => {
  const folder = await folderOf({
    one: `test('a', () => {}); test.needs('/no/such', 'b', () => {}); test.run();`,
    two: `test('a', () => {}); test.run();`,
  });
  const { status, lines } = runIn(folder);
  assert.is(lines.at(-1), '2 passed, 0 failed');
  assert.match(lines.at(-2) ?? '', /^1 skipped/);
  assert.is(status, 0);
});

test('what fails in any way fails the whole', async () => {
  for (const body of [
    `test('a', () => { throw new Error('x'); }); test.run();`,
    `test('a', () => {});`,
    `throw new Error('x');`,
    `test('a', () => process.kill(process.pid, 'SIGKILL')); test.run();`,
    '',
  ]) {
    const { status, lines } = runIn(await folderOf({ one: body }));
    assert.is(lines.at(-1), '0 passed, 1 failed', body);
    assert.is(status, 1, body);
  }
});

test('a file that hangs is killed with what it started, and the others still run', async () => {
  const folder = await folderOf({
    hangs: `
      import { spawn } from 'node:child_process';
      import { writeFileSync } from 'node:fs';
      const child = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)']);
      writeFileSync(new URL('./child', import.meta.url), String(child.pid));
      test('a', () => new Promise(() => setInterval(() => {}, 1000)));
      test.run();
    `,
    works: `test('a', () => {}); test.run();`,
  });
  const { status, lines } = runIn(folder, { limitSeconds: 2 });
  assert.is(lines.at(-1), '1 passed, 1 failed');
  assert.ok(lines.some((line) => /FAILED .*hangs.*killed after 2 s/.test(line)));
  assert.is(status, 1);
  const child = Number(await readFile(path.join(folder, 'child'), 'utf8'));
  assert.not.ok(await runs(child), 'its child is gone');
});

test('an interrupted run ends soon and counts as failed', async () => {
  const folder = await folderOf({
    a: `console.log('under way'); test('a', () => new Promise((r) => setTimeout(r, 60_000))); test.run();`,
    b: `test('b', () => {}); test.run();`,
  });
  const child = spawn(process.execPath, [
    '--input-type=module',
    '--eval',
    scriptOf(folder, { limitSeconds: 100 }),
  ]);
  let stdout = '';
  child.stdout.on('data', (text) => {
    if (!stdout) {
      child.kill('SIGINT');
      // npm passes on what the terminal has sent already: at once, before the runner can have ended.
      setImmediate(() => child.kill('SIGINT'));
    }
    stdout += text;
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  assert.is(stdout.trim().split('\n').at(-1), '0 passed, 1 failed');
  assert.is(status, 1);
});

test('two files run beside each other, and what each prints stays together', async () => {
  const meets = (own: string, other: string) => `
    import { existsSync, writeFileSync } from 'node:fs';
    console.log('${own} begins');
    test('meets', async () => {
      writeFileSync(new URL('./${own}-is-here', import.meta.url), '');
      while (!existsSync(new URL('./${other}-is-here', import.meta.url))) await new Promise((r) => setTimeout(r, 20));
      console.log('${own} ends');
    });
    test.run();
  `;
  const folder = await folderOf({ one: meets('one', 'two'), two: meets('two', 'one') });
  const { status, lines } = runIn(folder, { limitSeconds: 10, atOnce: 2 });
  assert.is(status, 0, lines.join('\n'));
  assert.is(lines.at(-1), '2 passed, 0 failed');
  for (const own of ['one', 'two']) {
    const begins = lines.indexOf(`${own} begins`);
    const ends = lines.findIndex((line) => line.startsWith(`ok  ${own}.test.ts`));
    assert.ok(begins >= 0 && ends > begins, own);
    assert.not.ok(
      lines.slice(begins, ends).some((line) => line.includes(own === 'one' ? 'two' : 'one')),
    );
  }
});

test('one that has to be alone is, before the others', async () => {
  const told = (name: string) => `
    console.log('${name} begins');
    test('a', () => new Promise((r) => setTimeout(r, 300)));
    test('b', () => console.log('${name} ends'));
    test.run();
  `;
  const folder = await folderOf({ a: told('a'), b: told('b'), c: told('c') });
  const { lines } = runIn(folder, { atOnce: 3, alone: ['c.test.ts'] });
  assert.is(lines.at(-1), '6 passed, 0 failed');
  assert.is(lines.indexOf('c begins'), 0);
  assert.ok(
    lines.findIndex((line) => line.startsWith('ok  c.test.ts')) < lines.indexOf('a begins'),
  );
});

test('what there is no time for is left out and named; the turn says what comes first', async () => {
  const sleeps = `test('a', () => new Promise((r) => setTimeout(r, 2000))); test.run();`;
  const folder = await folderOf({ a: sleeps, b: sleeps, c: sleeps });
  const { status, lines } = runIn(folder, { turn: 4, until: 1500 });
  assert.is(lines.at(-1), '1 passed, 0 failed');
  assert.is(lines.at(-2), 'left out, as there was no time: c.test.ts, a.test.ts');
  assert.is(status, 0);
  assert.ok(lines.some((line) => line.startsWith('ok  b.test.ts')));
});

/** Whether a process still runs, a moment after it was killed; one that nobody waits for does not. */
async function runs(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 50; tries += 1) {
    const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
    if (!state.trim() || state.startsWith('Z')) return false;
    await pause(20);
  }
  return true;
}

test.run();
