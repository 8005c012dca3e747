// Finds LibTorch or fetches it: LIBTORCH → cache → a Python's torch → official zip → wheel → system.
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
import { ask, isAlive, run, SetUpError, say } from './shell.mjs';

/** The release that gillnet is measured with; 1.13 is the oldest that it builds with. */
const version = '2.13.0';
const platform = `${process.platform}-${process.arch}`;

/** Pinned by SHA-256. */
const officialZips = {
  'linux-x64': {
    url: `https://download.pytorch.org/libtorch/cpu/libtorch-shared-with-deps-${version}%2Bcpu.zip`,
    sha256: 'edbf4cbed78433d803e90a65f1752e57783d164bce66c95c0872b2ab8f5c159e',
  },
};

/** Of CPython 3.11, whatever Python fetches them: gillnet takes only what is not Python. */
const wheels = {
  'linux-x64': {
    tags: ['manylinux_2_28_x86_64', 'manylinux_2_25_x86_64', 'manylinux2014_x86_64'],
    requirements: {
      [`torch==${version}`]: '60fcdcb2f3876e21146cb4524ef06397d727ca9ad5f020818547e25075fe3cb7',
      // libtorch_cpu.so of this wheel, a CUDA build, names two small libraries of them.
      'nvidia-cuda-cupti==13.0.85':
        '4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8',
      'nvidia-cuda-runtime==13.0.96':
        '7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548',
    },
  },
  'linux-arm64': {
    tags: ['manylinux_2_28_aarch64'],
    requirements: {
      [`torch==${version}`]: '092790c696a760c729fd5722835f50b9d81fd7c8f141571f3f3cf4081a8f664c',
    },
  },
  'darwin-arm64': {
    tags: ['macosx_14_0_arm64'],
    requirements: {
      [`torch==${version}`]: 'e76f9bcecc52b8ff711239a2f7547d5353df95878ab232f0773c1d95928b92f8',
    },
  },
};

/** Folders of the torch wheel that the addon is built from; the rest is Python or for a GPU. */
const neededFromTorch =
  /^torch\/(include\/|lib\/(libtorch_cpu|libc10|libgomp|libomp|libtorch_global_deps)\b|lib\/lib(arm_compute|gfortran|openblas|opencv)|version\.py$)|^torch\.libs\//;
const neededFromNvidia = /\/lib(cupti|cudart)\.so/;

export const cacheFolder = () =>
  process.env.GILLNET_CACHE ||
  path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'gillnet');

const cachedFolder = () => path.join(cacheFolder(), `libtorch-${version}-cpu`);

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
    if (!isLibTorch(folder)) throw new Error(`${folder} holds no headers`);
    return folder;
  },

  async zip() {
    const zip = officialZips[platform];
    if (!zip) throw new Error(`none is pinned for ${platform}`);
    const archive = path.join(
      cacheFolder(),
      'downloads',
      decodeURIComponent(path.basename(zip.url)),
    );
    await download(zip.url, archive, zip.sha256);
    return unpack([{ archive, members: null }]);
  },

  async wheel() {
    const wheel = wheels[platform];
    if (!wheel) throw new Error(`none is pinned for ${platform}`);
    return unpack(await downloadWheels(wheel));
  },

  async system() {
    for (const folder of ['/usr', '/usr/local', '/opt/homebrew'])
      if (isLibTorch(folder)) return folder;
    throw new Error('libtorch-dev is not installed');
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
    `found no LibTorch and could not fetch one. Tried in this order:\n${tried.join('\n')}\n` +
      'Mend one of them: `apt-get install libtorch-dev` (1.13.1, slower), or\n' +
      '`apt-get install python3-pip` for the wheel, or unpack a LibTorch by hand and set\n' +
      'LIBTORCH=/path/to/libtorch.',
  );
}

/** True for a folder with LibTorch's headers and its CPU library. */
export function isLibTorch(folder) {
  const libraries = ['lib', 'lib/x86_64-linux-gnu', 'lib/aarch64-linux-gnu'];
  return (
    existsSync(path.join(folder, 'include/ATen/ATen.h')) &&
    libraries.some((library) =>
      ['so', 'dylib'].some((ending) =>
        existsSync(path.join(folder, library, `libtorch_cpu.${ending}`)),
      ),
    )
  );
}

function fromCache() {
  const inside = ['libtorch', 'torch'].map((name) => path.join(cachedFolder(), name));
  return inside.find(isLibTorch);
}

/** Fetches a file, going on where an earlier try ended; it gets its name once its hash is right. */
async function download(url, file, sha256) {
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

async function downloadWheels({ tags, requirements }) {
  const python = ['python3', 'python'].find((name) => ask(name, ['-m', 'pip', '--version']));
  if (!python) throw new Error('needs Python 3 with pip (`apt-get install python3-pip`)');
  const folder = path.join(cacheFolder(), 'downloads');
  mkdirSync(folder, { recursive: true });
  say(`fetches the wheel of LibTorch ${version} (about 500 MB, once)`);
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
      ...tags.flatMap((tag) => ['--platform', tag]),
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
      members: file.startsWith('torch-') ? neededFromTorch : neededFromNvidia,
    }));
}

/** Unpacks archives side by side into the cache, whole or not at all, and deletes them. */
async function unpack(archives) {
  const target = cachedFolder();
  const work = `${target}.${process.pid}`;
  // Half a gigabyte each, where an earlier one was killed.
  for (const name of readdirSync(cacheFolder())) {
    const [, owner] = name.split(`${path.basename(target)}.`);
    if (owner && !isAlive(Number(owner)))
      rmSync(path.join(cacheFolder(), name), { recursive: true });
  }
  mkdirSync(work, { recursive: true });
  try {
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
    rmSync(target, { recursive: true, force: true });
    renameSync(work, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
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
