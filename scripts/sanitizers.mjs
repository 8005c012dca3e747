// The addons built with sanitizers of GCC's on Linux, beside their own build, and processes that run with them.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findLibTorch, libTorchLibrary } from './libtorch.mjs';
import { cmakeJs } from './setup.mjs';
import { ask, fingerprint, readStamp, root, SetUpError, writeStamp } from './shell.mjs';

/** The library that has to be loaded before Node's allocator is used; UndefinedBehaviorSanitizer needs none. */
const libraries = { address: 'libasan.so', thread: 'libtsan.so', undefined: null };
const names = Object.keys(libraries);

/**
 * What several are joined with is a comma; ThreadSanitizer goes with no other.
 * @returns whether `text` names sanitizers that can be built together
 */
export function areSanitizers(text) {
  const asked = text.split(',');
  const known = asked.every((name) => names.includes(name));
  return known && !(asked.length > 1 && asked.includes('thread'));
}

/**
 * Builds the addons with them and does `work` with the environment of processes that load these.
 * @param asked such as `address,undefined`
 * @returns how many reports the sanitizers have written, of any process; they are printed
 * @throws SetUpError
 */
export async function withSanitizers(asked, work) {
  const preloaded = asked.split(',').map(libraryOf).filter(Boolean);
  const addons = await build(asked);
  const folder = mkdtempSync(path.join(tmpdir(), 'gillnet-sanitizers-'));
  const common = `halt_on_error=1:log_path=${path.join(folder, 'report')}`;
  const suppressions = path.join(root, 'scripts/thread-sanitizer.txt');
  try {
    await work({
      GILLNET_ADDONS: addons,
      ...(preloaded.length > 0 && { LD_PRELOAD: preloaded.join(':') }),
      // Node and LibTorch keep memory until the process ends; an allocation that can't be had is an error, not a crash.
      ASAN_OPTIONS: `${common}:detect_leaks=0:allocator_may_return_null=1`,
      UBSAN_OPTIONS: `${common}:print_stacktrace=1`,
      TSAN_OPTIONS: `${common}:suppressions=${suppressions}`,
    });
    const reports = readdirSync(folder);
    for (const name of reports)
      console.log(withLines(readFileSync(path.join(folder, name), 'utf8'), addons));
    return reports.length;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The runtime finds no names in libraries that were loaded after its first report, a suppressed one too. */
function withLines(report, addons) {
  return report.replace(/<null> <null> \((\w+\.node)\+(0x\w+)\)/g, (frame, file, offset) => {
    const line = ask('addr2line', ['--pretty-print', '-Cfe', path.join(addons, file), offset]);
    return line ?? frame;
  });
}

function libraryOf(name) {
  const file = libraries[name];
  const library = file && ask(process.env.CXX ?? 'c++', [`-print-file-name=${file}`]);
  if (process.platform === 'linux' && (file === null || path.isAbsolute(library ?? '')))
    return library;
  throw new SetUpError(
    `needs GCC on Linux with its ${name} sanitizer for this. Install: \`apt-get install g++\`.`,
  );
}

/** @returns their folder */
async function build(asked) {
  const folder = path.join('build-sanitized', asked.replaceAll(',', '-'));
  const addons = path.join(root, folder, 'Release');
  const stamp = path.join(folder, 'gillnet.json');
  const libtorch = await findLibTorch();
  const library = libTorchLibrary(libtorch.folder);
  const wanted = { fingerprint: fingerprint([library], ['native', 'CMakeLists.txt']), library };
  const isBuilt = existsSync(path.join(addons, 'gillnet.node'));
  const before = readStamp(stamp);
  if (isBuilt && before?.fingerprint === wanted.fingerprint) return addons;
  const out = path.join(root, folder);
  // CMake remembers where it found libraries.
  if (before?.library !== library) rmSync(out, { recursive: true, force: true });
  const flag = `--CDGILLNET_SANITIZE=${asked}`;
  const status = await cmakeJs('compile', out, libtorch.folder, flag);
  if (status !== 0) {
    throw new SetUpError(
      `the addons can't be built with ${asked} (cmake-js ended with ${status}).`,
    );
  }
  writeStamp(stamp, wanted);
  return addons;
}
