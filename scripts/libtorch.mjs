// Finds LibTorch or fetches it: LIBTORCH → cache → a Python's torch → official zip → wheel → system.
// GILLNET_LIBTORCH says which build: cpu (default), or cuda for training on a GPU.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { platform, tags, variants, version } from './libtorch-variants.mjs';
import { ask, run, SetUpError, say, wholly } from './shell.mjs';

export const cacheFolder = () =>
  process.env.GILLNET_CACHE ||
  path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'gillnet');

/** The build that GILLNET_LIBTORCH asks for. @throws SetUpError where there is none of that name */
export function libTorchVariant() {
  const name = process.env.GILLNET_LIBTORCH || 'cpu';
  if (Object.hasOwn(variants, name)) return name;
  throw new SetUpError(
    `GILLNET_LIBTORCH is ${name}; expected one of ${Object.keys(variants).join(', ')}.`,
  );
}

const wanted = () => variants[libTorchVariant()];
const cachedFolder = () => path.join(cacheFolder(), `libtorch-${version}-${libTorchVariant()}`);
/** What an error calls what it looked for: the platform, and CUDA where that was asked for. */
const described = () => (libTorchVariant() === 'cuda' ? `${platform} with CUDA` : platform);

/** One way to come by LibTorch: gives a folder, or throws why it can't. */
const sources = {
  async LIBTORCH() {
    const folder = process.env.LIBTORCH;
    if (!folder) throw new Error('not set');
    if (!isLibTorch(folder)) {
      throw new SetUpError(
        `LIBTORCH is ${folder}, which holds no LibTorch (include/ATen/ATen.h and libtorch_cpu). ` +
          'Name the unpacked folder of a LibTorch 1.13 or newer, or unset LIBTORCH.',
      );
    }
    if (!isWanted(folder)) {
      throw new SetUpError(
        `LIBTORCH is ${folder}, which holds no CUDA build (libtorch_cuda and libc10_cuda), and GILLNET_LIBTORCH ` +
          'is cuda. Name the folder of one, or unset one of the two.',
      );
    }
    return path.resolve(folder);
  },

  async cache() {
    const folder = fromCache();
    if (!folder) throw new Error(`${cachedFolder()} is not there`);
    return folder;
  },

  async python() {
    if (process.env.LIBTORCH_USE_PYTORCH !== '1') throw new Error('LIBTORCH_USE_PYTORCH=1 not set');
    const find =
      'import importlib.util as u; print(u.find_spec("torch").submodule_search_locations[0])';
    const folder = ask('python3', ['-c', find]);
    if (!folder) throw new Error('python3 has no torch');
    if (!isWanted(folder))
      throw new Error(`${folder} ${isLibTorch(folder) ? 'is no CUDA build' : 'holds no headers'}`);
    return folder;
  },

  async zip() {
    const zip = wanted().zip[platform];
    if (!zip) throw new Error(`none is pinned for ${described()}`);
    const archive = path.join(
      cacheFolder(),
      'downloads',
      decodeURIComponent(path.basename(zip.url)),
    );
    await download(zip.url, archive, zip.sha256);
    return unpack([{ archive, members: null }]);
  },

  async wheel() {
    const requirements = wanted().wheels[platform];
    if (!requirements) throw new Error(`none is pinned for ${described()}`);
    return unpack(await downloadWheels(requirements));
  },

  async system() {
    for (const folder of ['/usr', '/usr/local', '/opt/homebrew'])
      if (isWanted(folder)) return folder;
    throw new Error(
      libTorchVariant() === 'cuda' ? 'it has no CUDA build' : 'libtorch-dev is not installed',
    );
  },
};

/**
 * The first LibTorch that can be had. `GILLNET_LIBTORCH_SOURCE` allows one source alone.
 * @returns {Promise<{folder: string, origin: string}>}
 * @throws SetUpError with everything that was tried
 */
export async function findLibTorch() {
  const only = process.env.GILLNET_LIBTORCH_SOURCE;
  if (only && !Object.hasOwn(sources, only)) {
    throw new SetUpError(
      `GILLNET_LIBTORCH_SOURCE is ${only}; expected one of ${Object.keys(sources).join(', ')}.`,
    );
  }
  const tried = [];
  for (const [origin, find] of Object.entries(sources)) {
    if (only && origin !== only) continue;
    try {
      return { folder: await find(), origin };
    } catch (error) {
      if (error instanceof SetUpError) throw error;
      tried.push(`  ${origin}: ${error.message}`);
    }
  }
  throw new SetUpError(
    `found no LibTorch for ${described()} and could not fetch one. Tried in this order:\n` +
      `${tried.join('\n')}\n${mendings[libTorchVariant()]}`,
  );
}

const mendings = {
  cpu:
    'Mend one of them: `apt-get install libtorch-dev` (1.13.1, slower), or\n' +
    '`apt-get install python3-pip` for the wheel, or unpack a LibTorch by hand and set\n' +
    'LIBTORCH=/path/to/libtorch.',
  cuda:
    `A CUDA build is fetched for ${Object.keys(variants.cuda.wheels).join(', ')} alone, by pip (\`apt-get install python3-pip\`).\n` +
    'Unpack one by hand and set LIBTORCH=/path/to/libtorch, or unset GILLNET_LIBTORCH for that of the CPU.',
};

/** True for a folder with LibTorch's headers and its libraries, those of the CPU where no others are asked for. */
export function isLibTorch(folder, { libraries } = variants.cpu) {
  return (
    existsSync(path.join(folder, 'include/ATen/ATen.h')) &&
    namesIn(folder).some((nameOf) => libraries.every((name) => existsSync(nameOf(name))))
  );
}

/** Where its libraries may be, each by how a library is called there. */
function namesIn(folder) {
  return ['lib', 'lib/x86_64-linux-gnu', 'lib/aarch64-linux-gnu'].flatMap((inside) =>
    ['so', 'dylib'].map((ending) => (name) => path.join(folder, inside, `lib${name}.${ending}`)),
  );
}

/** Which LibTorch a folder holds, in words: another one may be unpacked over it. */
export function libTorchLibrary(folder) {
  const [file] = namesIn(folder)
    .map((nameOf) => nameOf('torch_cpu'))
    .filter(existsSync);
  const { size, mtimeMs } = statSync(file);
  return `${file}, ${size} bytes of ${new Date(mtimeMs).toISOString()}`;
}

/** The same, of the build that is asked for. */
const isWanted = (folder) => isLibTorch(folder, wanted());

function fromCache() {
  const inside = ['libtorch', 'torch'].map((name) => path.join(cachedFolder(), name));
  return inside.find(isWanted);
}

/** Fetches a file, going on where an earlier try ended; it gets its name once its hash is right. */
export async function download(url, file, sha256) {
  if (existsSync(file)) return;
  mkdirSync(path.dirname(file), { recursive: true });
  const part = `${file}.part`;
  const have = existsSync(part) ? statSync(part).size : 0;
  const abort = new AbortController();
  const patience = setTimeout(() => abort.abort(), 20_000);
  let response;
  try {
    response = await fetch(url, {
      headers: have > 0 ? { range: `bytes=${have}-` } : {},
      signal: abort.signal,
    });
  } catch (error) {
    throw new Error(
      `${new URL(url).host} can't be reached (${error.cause?.code ?? error.message})`,
    );
  } finally {
    clearTimeout(patience);
  }
  // A range beyond the end means that the part is whole.
  if (!response.ok && response.status !== 416)
    throw new Error(`${new URL(url).host} answered ${response.status}`);
  if (response.ok) {
    const append = response.status === 206;
    const total = Number(response.headers.get('content-length')) + (append ? have : 0);
    const report = progress(path.basename(file), total, append ? have : 0);
    const output = createWriteStream(part, { flags: append ? 'a' : 'w' });
    await pipeline(response.body, report, output);
  }
  const hash = createHash('sha256');
  await pipeline(createReadStream(part), hash);
  const found = hash.digest('hex');
  if (found !== sha256) {
    rmSync(part);
    throw new Error(`${path.basename(file)} has SHA-256 ${found}, expected ${sha256}`);
  }
  renameSync(part, file);
}

function progress(name, total, done) {
  return async function* (chunks) {
    let told = 0;
    for await (const chunk of chunks) {
      done += chunk.length;
      const percent = Math.floor((100 * done) / total);
      if (percent >= told + 10) {
        told = percent - (percent % 10);
        say(`${name}: ${told} % of ${Math.round(total / 1e6)} MB`);
      }
      yield chunk;
    }
  };
}

async function downloadWheels(requirements) {
  const python = ['python3', 'python'].find((name) => ask(name, ['-m', 'pip', '--version']));
  if (!python) throw new Error('needs Python 3 with pip (`apt-get install python3-pip`)');
  const folder = path.join(cacheFolder(), 'downloads');
  mkdirSync(folder, { recursive: true });
  const { megabytes, torch, nvidia } = wanted();
  say(`fetches the wheel of LibTorch ${version} for ${described()} (about ${megabytes} MB, once)`);
  const list = path.join(folder, `requirements-${process.pid}.txt`);
  writeFileSync(
    list,
    Object.entries(requirements)
      .map(([name, sha256]) => `${name} --hash=sha256:${sha256}\n`)
      .join(''),
  );
  try {
    const status = await run(python, [
      ...['-m', 'pip', 'download', '--no-deps', '--require-hashes', '--disable-pip-version-check'],
      ...['--no-cache-dir', '--only-binary', ':all:', '--python-version', '3.11'],
      ...tags[platform].flatMap((tag) => ['--platform', tag]),
      ...['--dest', folder, '--requirement', list],
    ]);
    if (status !== 0) throw new Error(`pip download ended with ${status}; its reason stands above`);
  } finally {
    rmSync(list, { force: true });
  }
  const names = Object.keys(requirements).map((name) =>
    name.replace('==', '-').replaceAll('-', '_'),
  );
  return readdirSync(folder)
    .filter((file) => names.some((name) => file.replaceAll('-', '_').startsWith(`${name}_`)))
    .map((file) => ({
      archive: path.join(folder, file),
      members: file.startsWith('torch-') ? torch : nvidia,
    }));
}

/** Unpacks archives side by side into the cache, whole or not at all, and deletes them. */
async function unpack(archives) {
  const target = cachedFolder();
  await wholly(target, async (work) => {
    for (const { archive, members } of archives) {
      say(`unpacks ${path.basename(archive)}`);
      const chosen = members ? membersOf(archive).filter((name) => members.test(name)) : [];
      const list = path.join(work, 'members.txt');
      writeFileSync(list, chosen.map((name) => `${name}\n`).join(''));
      const only = members ? [`--files-from=${list}`] : [];
      const status = await run('cmake', ['-E', 'tar', 'xf', archive, ...only], { cwd: work });
      if (status !== 0) {
        rmSync(archive, { force: true });
        throw new Error(`${archive} can't be unpacked (is the disk full?); it was deleted`);
      }
      rmSync(list);
    }
  });
  for (const { archive } of archives) rmSync(archive, { force: true });
  const folder = fromCache();
  if (!folder) throw new Error(`${target} holds no LibTorch after unpacking`);
  return folder;
}

/** Names in an archive. */
function membersOf(archive) {
  const listing = spawnSync('cmake', ['-E', 'tar', 'tf', archive], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (listing.status !== 0) throw new Error(`${archive} can't be read`);
  return listing.stdout.split('\n');
}
