import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite as uvuSuite } from 'uvu';

/** The root of the clone. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A path of the test data that stands beside a clone where there is any. */
export function shared(...parts: string[]): string {
  return path.join(root, '..', 'shared', ...parts);
}

/** An empty folder that goes when the process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'gillnet-test-'));
  folders.push(folder);
  return folder;
}

const folders: string[] = [];
process.on('exit', () => {
  // A program that a test has just ended may still be writing.
  const patient = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 };
  for (const folder of folders) rmSync(folder, patient);
});

type Body = () => void | Promise<void>;

export interface Suite {
  (name: string, body: Body): void;
  /** A test that is skipped, and counted so, where a file that it needs does not exist. */
  needs(files: string | string[], name: string, body: Body): void;
  /** What no machine of the tests can do, counted as skipped and named with the reason. */
  skip(name: string, why: string): void;
  run(): void;
}

const record = { written: 0, passed: 0, skipped: 0 };

/** uvu's suite, which also records how many tests are written and how many passed: see scripts/test-runner.mjs. */
export function suite(name: string): Suite {
  const tests = uvuSuite(name);
  const counted = (body: Body) => async () => {
    await body();
    record.passed += 1;
  };
  const add = (title: string, body: Body) => {
    record.written += 1;
    tests(title, counted(body));
  };
  return Object.assign(add, {
    needs(files: string | string[], title: string, body: Body) {
      if ([files].flat().every((file) => existsSync(file))) return add(title, body);
      record.written += 1;
      record.skipped += 1;
    },
    skip(title: string, why: string) {
      record.written += 1;
      record.skipped += 1;
      console.log(`skipped  ${title}: ${why}`);
    },
    run: () => tests.run(),
  });
}

process.on('exit', () => {
  const file = process.env.GILLNET_TEST_RECORD;
  if (file) writeFileSync(file, JSON.stringify(record));
});
