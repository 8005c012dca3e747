// npm run fuzz:native: wrong, hostile and changing arguments, against the addons built with AddressSanitizer and
// UndefinedBehaviorSanitizer (GCC on Linux).
//   npm run fuzz:native -- --cases 5000 --seed 7
import { existsSync } from 'node:fs';
import path from 'node:path';
import { findLibTorch } from './libtorch.mjs';
import { installed, orExplain, setUp } from './setup.mjs';
import { ask, fingerprint, readStamp, root, run, SetUpError, writeStamp } from './shell.mjs';

/** In ms; a call that never ends fails. */
const longest = 10 * 60_000;
/** Beside the addons' own build, which stays as it is. */
const folder = 'build-sanitized';
const stamp = `${folder}/gillnet.json`;
const addon = path.join(root, folder, 'Release/gillnet.node');
const fingerprintAddon = path.join(root, folder, 'Release/gillnet_fingerprint.node');

async function buildSanitized() {
  const libtorch = await findLibTorch();
  const wanted = { fingerprint: fingerprint([libtorch.folder], ['native', 'CMakeLists.txt']) };
  const isBuilt = existsSync(addon) && existsSync(fingerprintAddon);
  if (isBuilt && readStamp(stamp)?.fingerprint === wanted.fingerprint) return;
  const status = await run(process.execPath, [
    installed('cmake-js', 'bin', 'cmake-js'),
    'compile',
    '--out',
    path.join(root, folder),
    `--CDLIBTORCH=${libtorch.folder}`,
    '--CDGILLNET_SANITIZE=ON',
  ]);
  if (status !== 0) {
    throw new SetUpError(`the sanitized addons can't be built (cmake-js ended with ${status}).`);
  }
  writeStamp(stamp, wanted);
}

/** The sanitizer's own library, which has to be loaded before Node's allocator is used. */
function sanitizer() {
  const library = ask(process.env.CXX ?? 'c++', ['-print-file-name=libasan.so']);
  if (process.platform === 'linux' && library && path.isAbsolute(library)) return library;
  throw new SetUpError('needs GCC on Linux with libasan for this. Install: `apt-get install g++`.');
}

await orExplain(async () => {
  const library = sanitizer();
  await setUp();
  await buildSanitized();
  const fuzzer = path.join(root, 'dist/test/fuzz/native.js');
  const status = await run(process.execPath, ['--expose-gc', fuzzer, ...process.argv.slice(2)], {
    stdio: 'inherit',
    timeout: longest,
    env: {
      ...process.env,
      GILLNET_ADDON: addon,
      GILLNET_FINGERPRINT_ADDON: fingerprintAddon,
      LD_PRELOAD: library,
      // Node and LibTorch keep memory until the process ends; an allocation that can't be had is an error, not a crash.
      ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1:halt_on_error=1',
      UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
    },
  });
  // A report of the sanitizers ends the process before it counts.
  if (status !== 0 && status !== 1) console.log('0 passed, 1 failed');
  process.exitCode = status === 0 ? 0 : 1;
});
