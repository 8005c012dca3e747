import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { root, suite, temporaryFolder } from './support/suite.js';

const test = suite('which LibTorch the set-up takes');

const cpuLibraries = ['torch_cpu'];
const cudaLibraries = ['torch_cpu', 'torch_cuda', 'c10_cuda'];

/** A folder that looks like LibTorch to who asks for its files alone. */
function libTorch(folder: string, libraries: string[]): string {
  mkdirSync(path.join(folder, 'include/ATen'), { recursive: true });
  mkdirSync(path.join(folder, 'lib'));
  writeFileSync(path.join(folder, 'include/ATen/ATen.h'), '');
  for (const name of libraries) writeFileSync(path.join(folder, `lib/lib${name}.so`), '');
  return folder;
}

/** Asks the set-up in a process of its own, on the network for nothing. @param before what happens there first */
function find(env: Record<string, string>, before = '') {
  const {
    LIBTORCH: _,
    LIBTORCH_USE_PYTORCH: __,
    GILLNET_LIBTORCH_SOURCE: ___,
    ...here
  } = process.env;
  const script = `${before}; const { findLibTorch } = await import('./scripts/libtorch.mjs');
    process.stdout.write((await findLibTorch().catch(({ message }) => ({ folder: message }))).folder)`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', script],
    { cwd: root, env: { ...here, ...env }, encoding: 'utf8' },
  );
  assert.is(stderr, '');
  return stdout;
}

test('each build has a folder of its own in the cache', () => {
  const cache = temporaryFolder();
  const asked = { GILLNET_CACHE: cache, GILLNET_LIBTORCH_SOURCE: 'cache' };
  const cpu = libTorch(path.join(cache, 'libtorch-2.13.0-cpu/torch'), cpuLibraries);
  assert.is(find(asked), cpu);
  assert.is(find({ ...asked, GILLNET_LIBTORCH: '' }), cpu);
  assert.match(find({ ...asked, GILLNET_LIBTORCH: 'cuda' }), /libtorch-2\.13\.0-cuda is not there/);
  const cuda = libTorch(path.join(cache, 'libtorch-2.13.0-cuda/torch'), cudaLibraries);
  assert.is(find({ ...asked, GILLNET_LIBTORCH: 'cuda' }), cuda);
  assert.is(find({ ...asked, GILLNET_LIBTORCH: 'cpu' }), cpu);
});

test('LIBTORCH goes before the cache, and must be the build that is asked for', () => {
  const folder = temporaryFolder();
  const cpu = libTorch(path.join(folder, 'cpu'), cpuLibraries);
  const cuda = libTorch(path.join(folder, 'cuda'), cudaLibraries);
  assert.is(find({ LIBTORCH: cpu }), cpu);
  assert.is(find({ LIBTORCH: cuda }), cuda, 'a CUDA build holds what the CPU needs');
  assert.is(find({ LIBTORCH: cuda, GILLNET_LIBTORCH: 'cuda' }), cuda);
  assert.match(find({ LIBTORCH: cpu, GILLNET_LIBTORCH: 'cuda' }), /holds no CUDA build/);
});

test('an unknown build is refused with those that there are', () => {
  assert.match(
    find({ GILLNET_LIBTORCH: 'rocm' }),
    /^GILLNET_LIBTORCH is rocm; expected one of cpu, cuda\.$/,
  );
});

test('where no CUDA build is pinned, none for the CPU takes its place', () => {
  for (const [system, processor] of [
    ['darwin', 'arm64'],
    ['linux', 'arm64'],
  ]) {
    const told = find(
      { GILLNET_LIBTORCH: 'cuda', GILLNET_CACHE: temporaryFolder() },
      `Object.defineProperties(process, { platform: { value: '${system}' }, arch: { value: '${processor}' } })`,
    );
    assert.match(told, new RegExp(`^found no LibTorch for ${system}-${processor} with CUDA`));
    assert.match(told, /for linux-x64 alone/);
  }
});

test('no official archive is taken for CUDA, as none is pinned', () => {
  const asked = { GILLNET_LIBTORCH: 'cuda', GILLNET_LIBTORCH_SOURCE: 'zip' };
  assert.match(
    find({ ...asked, GILLNET_CACHE: temporaryFolder() }),
    /none is pinned for \S+ with CUDA/,
  );
});

test.run();
