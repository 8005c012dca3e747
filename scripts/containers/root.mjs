// An image without an engine: a folder made by debootstrap stands for each base image, every instruction of
// its Dockerfile is carried out in a copy of it, and the last one is used as users would.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Skip } from '../checks.mjs';
import { ask, root } from '../shell.mjs';
import { makeBase } from './base.mjs';
import { inside } from './chroot.mjs';
import { checkCuda } from './cuda.mjs';
import { askDocker } from './docker.mjs';
import { checkServices } from './services.mjs';
import { checkUse, likeDockerRun } from './use.mjs';

/** How each image is used. That for a GPU is the same program, so that the servers need not meet it, too. */
const uses = {
  Dockerfile: async (image) => {
    await checkUse(image);
    await checkServices(image);
  },
  'Dockerfile.cuda': async (image) => {
    checkCuda(image);
    likeDockerRun(image, { epochs: 1 });
  },
};

/** Made once for all images that stand on them. */
const bases = new Map();

async function baseOf(name, keep) {
  if (!bases.has(name)) bases.set(name, await makeBase(name, workFolder('bases', keep)));
  return bases.get(name);
}

/** A folder of this name in the one to be kept, else one that goes when the process ends. */
function workFolder(name, keep) {
  if (keep) {
    const folder = path.resolve(keep, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'gillnet-image-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * @param file of the image
 * @param keep folder for the roots, left there; a temporary one by default
 */
export async function checkImage(file, keep) {
  checkMachine();
  const stages = askDocker('dockerfile', path.join(root, file));
  const context = askDocker('context', root);
  const work = workFolder(file, keep);
  const began = performance.now();
  try {
    const built = new Map();
    for (const stage of stages) {
      const before = built.get(stage.base) ?? (await baseOf(stage.base, keep));
      built.set(stage.name || 'image', build(stage, { before, built, context, work }));
    }
    await uses[file](built.get('image'));
  } finally {
    if (!keep) rmSync(work, { recursive: true });
    console.log(`${file} took ${((performance.now() - began) / 60_000).toFixed(1)} minutes`);
  }
}

function checkMachine() {
  if (process.platform !== 'linux' || process.getuid() !== 0)
    throw new Skip('needs Linux and root');
  const missing = ['debootstrap', 'unshare', 'chroot', 'npm'].filter(
    (name) => ask('which', [name]) === null,
  );
  if (missing.length > 0) throw new Skip(`needs ${missing.join(', ')}`);
}

/** Carries a stage's instructions out in a copy of its base. @returns what `docker inspect` tells of it */
function build({ name = '', base, instructions }, { before, built, context, work }) {
  const title = name || 'image';
  const folder = path.join(work, title);
  rmSync(folder, { recursive: true, force: true });
  copy(['--archive', before.folder, folder]);
  const image = { ...structuredClone(before), folder };
  console.log(`\n${title}, from ${base}`);
  for (const instruction of instructions) {
    const size = bytesIn(folder);
    const began = performance.now();
    carryOut(instruction, image, { built, context });
    if (!['RUN', 'COPY'].includes(instruction.name)) continue;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const grown = ((bytesIn(folder) - size) / 1e6).toFixed(1);
    const words = `${instruction.name} ${instruction.args.join(' ')}`.replace(/\s+/g, ' ');
    console.log(
      `${grown.padStart(8)} MB ${seconds.padStart(6)} s  line ${instruction.line}: ${words.slice(0, 90)}`,
    );
  }
  image.bytes = bytesIn(folder);
  console.log(`${(image.bytes / 1e6).toFixed(1).padStart(8)} MB in all`);
  return image;
}

function carryOut({ name, args, shell, from, line }, image, { built, context }) {
  const pairs = () => args.flatMap((key, at) => (at % 2 === 0 ? [[key, args[at + 1]]] : []));
  switch (name) {
    case 'RUN': {
      const { status } = inside(image, shell ? [...image.shell, ...args] : args, {
        building: true,
      });
      if (status !== 0) throw new Error(`line ${line}: RUN ended with ${status}`);
      break;
    }
    case 'COPY':
      copyInto(image, args, from ? { folder: built.get(from).folder } : { folder: root, context });
      break;
    case 'ENV':
      Object.assign(image.env, Object.fromEntries(pairs()));
      break;
    case 'WORKDIR':
      image.workdir = path.resolve(image.workdir, args[0]);
      mkdirSync(path.join(image.folder, image.workdir), { recursive: true });
      break;
    case 'USER':
      image.user = args[0];
      break;
    case 'SHELL':
      image.shell = args;
      break;
    case 'ENTRYPOINT':
      image.entrypoint = args;
      break;
    case 'CMD':
      image.command = args;
      break;
  }
}

/** COPY: a folder's content, or files, owned by root. @param source another stage, or the build's context */
function copyInto(image, args, { folder, context }) {
  const names = args.slice(0, -1);
  const target = path.join(image.folder, path.resolve(image.workdir, args.at(-1)));
  const intoFolder = args.at(-1).endsWith('/') || names.length > 1;
  for (const name of names) {
    const source = path.join(folder, name);
    const isFolder = statSync(source).isDirectory();
    const place = isFolder || !intoFolder ? target : path.join(target, path.basename(name));
    mkdirSync(isFolder ? place : path.dirname(place), { recursive: true });
    if (!context) copy(['--archive', isFolder ? `${source}/.` : source, place]);
    else {
      for (const file of context.filter((each) => `${each}/`.startsWith(`${name}/`)))
        cpSync(path.join(folder, file), path.join(place, path.relative(name, file)));
    }
    spawnSync('chown', ['--recursive', '--no-dereference', '0:0', place]);
  }
}

function copy(args) {
  const { status, stderr } = spawnSync('cp', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr.trim());
}

/** Of all files, each once. */
function bytesIn(folder) {
  const { stdout } = spawnSync('du', ['--summarize', '--block-size=1', folder], {
    encoding: 'utf8',
  });
  return Number(stdout.split('\t')[0]);
}
