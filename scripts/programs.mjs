// The servers, the browser and the Pythons that the integration tests run against: finds each, or installs it without a container engine.
//   node scripts/programs.mjs           installs what is missing
import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { installPackages, unpackPackage } from './debian.mjs';
import { cacheFolder } from './libtorch.mjs';
import { ask, locked, root, runWell, SetUpError, wholly } from './shell.mjs';

const say = (text) => process.stderr.write(`gillnet programs: ${text}\n`);
const serversFolder = () => path.join(cacheFolder(), 'servers');

// Debian's package without the service, which would start on its own.
const mariadb = debianPackages('mariadb-server-core', 'mariadb-client-core');

/** Each by the name of its file: what brings it, and the version pinned where one can be. */
const programs = {
  // The last state that its modules hold; the project is archived.
  minio: goInstall('github.com/minio/minio', 'v0.0.0-20260212201848-7aac2a2c5b7c'),
  versitygw: goInstall('github.com/versity/versitygw/cmd/versitygw', 'v1.8.0'),
  mc: goInstall('github.com/minio/mc', 'v0.0.0-20250313080218-cf909e1063a9'),
  actionlint: goInstall('github.com/rhysd/actionlint/cmd/actionlint', 'v1.7.12'),
  mariadbd: mariadb,
  'mariadb-install-db': mariadb,
  // In no suite together with MariaDB's.
  mysqld: debianUnpacked('mysql-server-core', 'sid', 'usr/sbin/mysqld', '250 MB'),
  // Its package starts a service, too.
  prometheus: debianUnpacked('prometheus', 'sid', 'usr/bin/prometheus', '220 MB'),
  chromium: debianPackages('chromium'),
  'torch-python': pythonPackages('python-packages.txt', 'PyTorch and ONNX Runtime', '2.4 GB'),
  'mlflow-python': pythonPackages('mlflow-packages.txt', 'MLflow', '0.9 GB'),
  schemathesis: pythonPackages('schemathesis-packages.txt', 'Schemathesis', '0.1 GB', [
    '-m',
    'schemathesis.cli',
  ]),
  'clang-python': pythonPackages('clang-packages.txt', 'clang-format and clang-tidy', '0.2 GB'),
  // The oldest PyTorch that counts; this program is part of it.
  torchrun: debianPackages('python3-torch', 'python3-torchvision'),
};

/** Of no test: what the bench measures beside, and what holds the workflows and the C++ code to their grammar. */
const ofNoTest = ['mc', 'actionlint', 'clang-python'];
const tested = Object.keys(programs).filter((name) => !ofNoTest.includes(name));

/**
 * One of the programs, as a file: on the PATH, where Go or the system puts such, or in gillnet's cache.
 * @returns the path where it would stand if it can't be found
 */
export function programFile(name) {
  const { version = 'system' } = programs[name];
  const cached = path.join(serversFolder(), `${name}-${version}`);
  const folders = [
    ...(process.env.PATH ?? '').split(path.delimiter),
    path.join(homedir(), 'go', 'bin'),
    ...['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'],
    cached,
  ];
  const files = folders.filter(Boolean).map((folder) => path.join(folder, name));
  // Debian's MariaDB calls itself mysqld, too.
  const isIt = (file) =>
    isProgram(file) && (name !== 'mysqld' || path.basename(realpathSync(file)) === name);
  return files.find(isIt) ?? path.join(cached, name);
}

/**
 * Installs those that are missing, and says of each that can't be had why.
 * @param names those that tests need by default
 */
export async function installPrograms(names = tested) {
  const isMissing = (name) => !isProgram(programFile(name));
  if (!names.some(isMissing)) return;
  await locked(path.join(serversFolder(), 'install.lock'), async () => {
    const tried = new Set();
    for (const name of names.filter(isMissing)) {
      // One package may bring several.
      if (tried.has(programs[name])) continue;
      tried.add(programs[name]);
      try {
        await programs[name].install(name);
      } catch (error) {
        if (error instanceof SetUpError) throw error;
        say(`${name} can't be had: ${error.message}`);
      }
    }
  });
  const lacking = names.filter(isMissing);
  if (lacking.length > 0) say(`without ${lacking.join(', ')}: tests that need them are skipped`);
}

/** From Go's modules, into gillnet's cache whole or not at all. */
function goInstall(module, version) {
  return {
    version,
    async install(name) {
      if (!ask('go', ['version'])) throw new Error('it is built with Go 1.25 or newer; install Go');
      say(`builds ${name} ${version} from Go's modules (some minutes, once)`);
      const folder = path.join(serversFolder(), `${name}-${version}`);
      await wholly(folder, async (work) => {
        const env = { ...process.env, GOBIN: work, GOFLAGS: '', CGO_ENABLED: '0' };
        await runWell('go', ['install', `${module}@${version}`], { env, cwd: work });
      });
    },
  };
}

/** A Python of its own. @param list of its packages, in scripts/ @param args of that Python, before those that it is given */
function pythonPackages(list, what, size, args = []) {
  const file = path.join(root, 'scripts', list);
  const version = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 12);
  return {
    version,
    async install(name) {
      say(`installs ${what} from PyPI (${size}, once)`);
      if (!ask('python3', ['--version']))
        throw new Error('it is made with Python 3.11 or newer; install it');
      const packages = ['-m', 'pip', 'install', '-q', '--no-deps', '-r', file];
      await wholly(path.join(serversFolder(), `${name}-${version}`), async (work) => {
        await runWell('python3', ['-m', 'venv', work]);
        await runWell(path.join(work, 'bin/python'), packages);
        const command = ['exec "$(dirname "$0")/bin/python"', ...args, '"$@"'].join(' ');
        writeFileSync(path.join(work, name), `#!/bin/sh\n${command}\n`, { mode: 0o755 });
      });
    },
  };
}

function debianPackages(...names) {
  return {
    install() {
      say(`installs Debian's ${names.join(' and ')}`);
      return installPackages(names);
    },
  };
}

/** Beside the system and not into it. */
function debianUnpacked(name, suite, program, size) {
  return {
    version: suite,
    install(file) {
      say(`unpacks Debian ${suite}'s ${name} (${size}, once)`);
      const folder = path.join(serversFolder(), `${file}-${suite}`);
      return unpackPackage({ name, suite, program, folder });
    },
  };
}

function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

if (process.argv[1] && path.resolve(process.argv[1]) === path.join(root, 'scripts/programs.mjs')) {
  await installPrograms();
}
