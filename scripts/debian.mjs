// Programs that Debian's packages bring: into the system, or beside it from a newer suite.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { ask, run, runWell, wholly } from './shell.mjs';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Installs packages. @throws Error that says what to do where that can't be done here */
export async function installPackages(names) {
  if (!ask('apt-get', ['--version'])) {
    throw new Error(`nothing here installs it; a package of the system's own may`);
  }
  if (process.getuid?.() !== 0)
    throw new Error(`\`sudo apt-get install ${names.join(' ')}\` brings it`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['-qq', 'install', '--yes', '--no-install-recommends', ...names];
  if ((await run('apt-get', install, { env })) === 0) return;
  // A new image has no list of packages, an old one lists files that are gone.
  await run('apt-get', ['-qq', 'update'], { env });
  await runWell('apt-get', install, { env });
}

/**
 * Addresses of a distribution's archives as this machine's apt has them; undefined where it has none.
 * @param name debian or ubuntu
 */
export function archivesOf(name) {
  const folder = '/etc/apt/sources.list.d';
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const found = ['/etc/apt/sources.list', ...names.map((name) => path.join(folder, name))]
    .filter((file) => /\.(list|sources)$/.test(file))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
    .flatMap(
      (file) => readFileSync(file, 'utf8').match(/^(?:URIs:|deb )[^#\n]*?https?:\/\/\S+/gm) ?? [],
    )
    .map((line) => line.replace(/.*?(https?:\/\/\S+)/, '$1').replace(/\/$/, ''));
  const ending = (end) => found.find((each) => each.endsWith(end));
  return { main: ending(`/${name}`), security: ending(`/${name}-security`) };
}

/**
 * Unpacks a package and all that it depends on into a folder, where its program runs on its own libraries,
 * the loader included: those of a newer suite do not go with the system's.
 * @param program the file's path in the package; a script of that name starts it
 */
export async function unpackPackage({ name, suite, program, folder }) {
  const { main: archive } = archivesOf('debian');
  if (!archive) throw new Error("only Debian's packages bring it here");
  await wholly(folder, async (work) => {
    const at = (...parts) => path.join(work, ...parts);
    for (const each of ['state/lists/partial', 'cache/archives/partial', 'root']) {
      mkdirSync(at(each), { recursive: true });
    }
    writeFileSync(at('state/status'), '');
    writeFileSync(at('sources.list'), `deb [signed-by=${keyring}] ${archive} ${suite} main\n`);
    writeFileSync(
      at('apt.conf'),
      `Dir::State "${at('state')}"; Dir::State::status "${at('state/status')}"; Dir::Cache "${at('cache')}";
       Dir::Etc::sourcelist "${at('sources.list')}"; Dir::Etc::sourceparts "/dev/null";
       APT::Sandbox::User ""; APT::Install-Recommends "false";\n`,
    );
    const env = { ...process.env, APT_CONFIG: at('apt.conf') };
    for (const args of [['update'], ['install', '--download-only', '--yes', name]]) {
      await runWell('apt-get', ['-qq', ...args], { env });
    }
    const archives = readdirSync(at('cache/archives')).filter((entry) => entry.endsWith('.deb'));
    for (const each of archives) {
      const status = await run('dpkg-deb', ['-x', at('cache/archives', each), at('root')]);
      if (status !== 0) throw new Error(`${each} can't be unpacked`);
    }
    for (const each of ['state', 'cache', 'sources.list', 'apt.conf']) {
      rmSync(at(each), { recursive: true });
    }
    writeFileSync(at(path.basename(program)), starterOf(program));
    chmodSync(at(path.basename(program)), 0o755);
  });
}

function starterOf(program) {
  return `#!/bin/sh
root=$(dirname "$0")/root
libraries=$(echo "$root"/usr/lib/*-linux-gnu)
exec "$libraries"/ld-linux*.so.? --library-path "$libraries" "$root/${program}" "$@"
`;
}
