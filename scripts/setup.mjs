// Brings a clone to where it can run: npm packages, LibTorch, the addon, the compiled TypeScript.
// Each step leaves a stamp when it is done; what hasn't changed is not repeated.
//   node scripts/setup.mjs          all of it
//   node scripts/setup.mjs STEP     packages, libtorch or addon alone
import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { release } from 'node:os';
import path from 'node:path';
import { findLibTorch, isLibTorch, libTorchLibrary, libTorchVariant } from './libtorch.mjs';
import {
  ask,
  fingerprint,
  locked,
  readStamp,
  root,
  run,
  SetUpError,
  say,
  writeStamp,
} from './shell.mjs';

const stamps = {
  packages: 'node_modules/.gillnet-packages.json',
  addon: 'build/gillnet.json',
  compiled: 'dist/.gillnet-compiled.json',
};
/** Where a killed build may have left half an object file. */
const underWay = 'build/.under-way';
const addon = path.join(root, 'build/Release/gillnet.node');
/** The server's pages: a project of its own, which stands on the one of the root. */
const pages = 'lib/faces/server/page';
const smaller = ['gillnet_fingerprint.node', 'gillnet_terminal.node', 'gillnet_process.node'];
/** What a build leaves; the CUDA half is a library of its own, which gillnet.node opens where there is a GPU. */
const built = () =>
  ['gillnet.node', ...smaller, ...(libTorchVariant() === 'cuda' ? ['gillnet_cuda.so'] : [])].map(
    (name) => path.join(root, 'build/Release', name),
  );
const node = `${process.platform}-${process.arch}-${process.versions.modules}`;

/** What `node scripts/setup.mjs STEP` does: the layers of a container's image. */
const steps = { packages: installPackages, libtorch: findLibTorch, addon: buildAddon };

/** Does what is missing. @throws SetUpError */
export async function setUp() {
  // A container's image holds what was built and no sources.
  if (!existsSync(path.join(root, 'native'))) return;
  checkNode();
  return locked(path.join(root, '.gillnet', 'setup.lock'), async () => {
    await installPackages();
    await buildAddon();
    await compile();
  });
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 9)) {
    throw new SetUpError(
      `needs Node 20.9 or newer and runs on ${process.versions.node}. Install one: nodejs.org.`,
    );
  }
}

const packagesWanted = () => ({
  fingerprint: fingerprint([node], ['package.json', 'package-lock.json']),
});

async function installPackages() {
  const wanted = packagesWanted();
  if (readStamp(stamps.packages)?.fingerprint === wanted.fingerprint) return;
  say('installs npm packages (about a minute, once)');
  const status = await run('npm', ['ci', '--no-audit', '--no-fund', '--include=dev'], {
    env: { ...process.env, GILLNET_SETTING_UP: '1' },
  }).catch((error) => {
    if (error instanceof SetUpError) throw error;
    throw new SetUpError(`needs npm, which comes with Node, and can't run it: ${error.message}.`);
  });
  if (status !== 0) {
    throw new SetUpError(
      `npm ci ended with ${status}; its reason stands above. Try \`npm ci\` by itself; a registry other ` +
        'than the public one is set with `npm config set registry URL`.',
    );
  }
  writeStamp(stamps.packages, wanted);
}

async function buildAddon() {
  const wanted = fingerprint(
    [
      node,
      root,
      libTorchVariant(),
      process.env.LIBTORCH,
      process.env.LIBTORCH_USE_PYTORCH,
      process.env.GILLNET_LIBTORCH_SOURCE,
    ],
    ['native', 'CMakeLists.txt'],
  );
  const before = readStamp(stamps.addon);
  const isSame =
    isLibTorch(before?.folder ?? '') && before.library === libTorchLibrary(before.folder);
  const usable = isSame && built().every((file) => existsSync(file));
  if (usable && before.fingerprint === wanted) return;

  checkTools();
  const libtorch = await findLibTorch();
  // CMake remembers where it found libraries and where it stands: another LibTorch, a clone that was moved and a
  // killed build start afresh.
  const goesOn = isSame && before.folder === libtorch.folder && before.root === root;
  if (!goesOn || existsSync(path.join(root, underWay))) {
    rmSync(path.join(root, 'build'), { recursive: true, force: true });
  }
  say(`builds the addon with LibTorch from ${libtorch.folder} (a minute, once)`);
  writeStamp(underWay, {});
  const status = await cmakeJs('compile', path.join(root, 'build'), libtorch.folder);
  if (status !== 0) {
    throw new SetUpError(
      `the addon can't be built (cmake-js ended with ${status}); the compiler's reason stands above. ` +
        `LibTorch came from ${libtorch.folder} (${libtorch.origin}). Another one: LIBTORCH=/path/to/libtorch.`,
    );
  }
  const missing = built().find((file) => !existsSync(file));
  if (missing) {
    throw new SetUpError(
      `the addon was built without ${path.basename(missing)}; what CMake says above tells what it did not find. ` +
        `LibTorch came from ${libtorch.folder} (${libtorch.origin}).`,
    );
  }
  const version = loadedVersion(libtorch);
  // Some 350 MB, which only a clone takes again.
  if (!existsSync(path.join(root, '.git'))) {
    for (const ending of ['gch', 'pch']) {
      rmSync(path.join(root, `build/CMakeFiles/gillnet_tensors.dir/cmake_pch.hxx.${ending}`), {
        force: true,
      });
    }
  }
  const library = libTorchLibrary(libtorch.folder);
  writeStamp(stamps.addon, { fingerprint: wanted, root, ...libtorch, library, version });
  rmSync(path.join(root, underWay), { force: true });
}

/**
 * Runs cmake-js with the addons' sources.
 * @param command `compile` or `configure`
 * @param out the folder of what is built
 * @param flags for CMake besides, such as `--CDNAME=value`
 * @returns the exit status
 */
export function cmakeJs(command, out, libtorch, ...flags) {
  const program = installed('cmake-js', 'bin', 'cmake-js');
  const given = ['--out', out, `--CDLIBTORCH=${libtorch}`, ...flags];
  return run(process.execPath, [program, command, ...given]);
}

/** A file of an installed package, wherever npm has put it. */
function installed(name, ...parts) {
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
  return path.join(path.dirname(manifest), ...parts);
}

function checkTools() {
  const cmake = ask('cmake', ['--version'])?.match(/(\d+)\.(\d+)/);
  const compiler =
    process.env.CXX ?? ['c++', 'g++', 'clang++'].find((name) => ask(name, ['--version']));
  const maker = ['ninja', 'make'].find((name) => ask(name, ['--version']));
  const missing = [
    !(cmake && (Number(cmake[1]) > 3 || Number(cmake[2]) >= 18)) && 'CMake 3.18 or newer',
    !compiler && 'a C++17 compiler',
    !maker && 'make or ninja',
  ].filter(Boolean);
  if (missing.length === 0) return;
  const mend =
    process.platform === 'darwin'
      ? 'xcode-select --install && brew install cmake'
      : /el\d|fc\d|amzn/.test(release())
        ? 'dnf install gcc-c++ cmake make'
        : 'apt-get install g++ cmake make';
  throw new SetUpError(
    `needs ${missing.join(' and ')}, not found on the PATH. Install: \`${mend}\`.`,
  );
}

/** Loads the fresh addon in a child process, so that a broken one can't take this process down. */
function loadedVersion({ folder, origin }) {
  const version = ask(process.execPath, [
    '-p',
    `require(${JSON.stringify(addon)}).libtorchVersion`,
  ]);
  if (version) return version;
  throw new SetUpError(
    `the addon was built but can't be loaded; \`node -p "require('${addon}')"\` says why. LibTorch came ` +
      `from ${folder} (${origin}). Another one: LIBTORCH=/path/to/libtorch.`,
  );
}

async function compile() {
  const wanted = {
    fingerprint: fingerprint(
      [readStamp(stamps.packages)?.fingerprint],
      ['tsconfig.json', 'package.json', 'lib', 'test', 'bench'],
    ),
  };
  if (readStamp(stamps.compiled)?.fingerprint === wanted.fingerprint) return;
  // The compiler writes what has changed, and leaves what nothing compiles to any more.
  if (hasLeftOver()) rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  const tsc = installed('typescript', 'bin', 'tsc');
  const status = await run(process.execPath, [tsc, '--build', path.join(root, pages)]);
  if (status !== 0)
    throw new SetUpError('the TypeScript does not compile; the reasons stand above.');
  copyPages();
  writeStamp(stamps.compiled, wanted);
}

/** Whether compiled code is there whose source is gone. */
function hasLeftOver() {
  const dist = path.join(root, 'dist');
  if (!existsSync(dist)) return false;
  return readdirSync(dist, { recursive: true })
    .filter((name) => name.endsWith('.js'))
    .map((name) => path.join(root, name.slice(0, -'.js'.length)))
    .some((source) => !existsSync(`${source}.ts`) && !existsSync(`${source}.tsx`));
}

/** What of the pages is served as it is written, to beside their compiled code. */
function copyPages() {
  const from = path.join(root, pages);
  for (const name of readdirSync(from).filter((each) => /\.(html|css|svg)$/.test(each))) {
    copyFileSync(path.join(from, name), path.join(root, 'dist', pages, name));
  }
}

function only(step) {
  if (Object.hasOwn(steps, step)) return steps[step]();
  throw new SetUpError(
    `there is no step ${step}; expected one of ${Object.keys(steps).join(', ')}.`,
    2,
  );
}

/** Runs `work` and ends the process as set-up errors say. */
export async function orExplain(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    say(error.message);
    process.exit(error.exitCode);
  }
}

if (process.argv[1] && path.resolve(process.argv[1]) === path.join(root, 'scripts', 'setup.mjs')) {
  const [, , step] = process.argv;
  const { GILLNET_SETTING_UP: isInside, npm_lifecycle_event: script } = process.env;
  // npm asks for the addon when the package is installed, also from inside the set-up.
  if (!isInside) {
    await orExplain(step ? () => only(step) : setUp);
    // By then it has installed the others: what a person's own `npm ci` did is not done again.
    if (script === 'install' && existsSync(path.join(root, 'node_modules/typescript'))) {
      writeStamp(stamps.packages, packagesWanted());
    }
  }
}
