// npm run lint:native: the layout of the C++ code (clang-format) and its faults (clang-tidy), in minutes.
//   npm run lint:native -- --fix        lays all of it out, and looks for nothing else
//   npm run lint:native -- engine       faults only in files whose name holds one of the words
//   GILLNET_LIBTORCH=cuda npm run lint:native -- cuda        those of cuda.cc, which npm run check:cuda looks for
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { findLibTorch, libTorchVariant } from './libtorch.mjs';
import { installPrograms, programFile } from './programs.mjs';
import { cmakeJs, orExplain } from './setup.mjs';
import { ask, root, run, SetUpError } from './shell.mjs';

/** A compilation of its own, by which nothing is compiled: the addons' own may be of another clone or absent. */
const folder = path.join(root, 'build-sanitized', `lint-${libTorchVariant()}`);
const fixes = process.argv.includes('--fix');
const words = process.argv.slice(2).filter((word) => word !== '--fix');

await orExplain(async () => {
  await installPrograms(['clang-python']);
  const files = readdirSync(path.join(root, 'native'), { recursive: true })
    .filter((name) => /\.(cc|h)$/.test(name) && !name.startsWith('gloo_declarations'))
    .map((name) => path.join(root, 'native', name));
  const layout = fixes ? ['-i'] : ['--dry-run', '--Werror'];
  const laidOut = await run(program('clang-format'), [...layout, ...files]);
  if (laidOut !== 0) {
    throw new SetUpError('the layout is another; `npm run lint:native -- --fix` mends it.');
  }
  if (fixes) return;

  const units = (await compiled()).filter(
    (file) => words.length === 0 || words.some((word) => path.basename(file).includes(word)),
  );
  const failed = await faults(program('clang-tidy'), units);
  console.log(`${units.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
});

/** The program itself: what pip puts before it names a Python by its path. */
function program(name) {
  const module = name.replace('-', '_');
  const script = `import ${module} as package; print(package.__path__[0])`;
  const folder = ask(programFile('clang-python'), ['-c', script]);
  if (!folder) throw new SetUpError(`needs ${name}, which can't be had; the reason stands above.`);
  return path.join(folder, 'data/bin', name);
}

/** @returns the files that are compiled here */
async function compiled() {
  const { folder: libtorch } = await findLibTorch();
  const flag = '--CDCMAKE_EXPORT_COMPILE_COMMANDS=ON';
  const configured = await cmakeJs('configure', folder, libtorch, flag);
  if (configured !== 0) throw new SetUpError(`CMake ended with ${configured}; it says why above.`);
  const commands = JSON.parse(readFileSync(path.join(folder, 'compile_commands.json'), 'utf8'));
  // One stands for the precompiled headers.
  return commands
    .map(({ file }) => file)
    .filter((file) => file.startsWith(path.join(root, 'native')));
}

/** @returns how many of the files have some */
async function faults(tidy, units) {
  // LibTorch's headers ask for OpenMP's, which Clang's package leaves to the compiler's.
  const openmp = ask(process.env.CXX ?? 'c++', ['-print-file-name=include/omp.h']);
  const given = [
    ...['-p', folder, '--quiet'],
    ...(path.isAbsolute(openmp ?? '')
      ? ['--extra-arg=-idirafter', `--extra-arg=${path.dirname(openmp)}`]
      : []),
  ];
  let failed = 0;
  const waiting = units.values();
  const work = async () => {
    for (const unit of waiting) if ((await run(tidy, [...given, unit])) !== 0) failed += 1;
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return failed;
}
