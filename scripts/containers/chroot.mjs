// Runs commands in a root folder as a container would: with mounts and processes of its own and the
// image's environment. Users other than root get no privileges, and none by set-user-id programs.
import { spawn, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { openRegistries } from './registries.mjs';

/** Where this machine's registries are told while building; nothing of it stays. */
const registriesFolder = '/mnt';

// Mounts are seen by the command alone, so that none is left whatever happens.
const script = `set -e
root=$1 registries=$2 workdir=$3 user=$4 writable=$5; shift 5
mount --bind "$root" "$root"
for folder in $writable; do mount --bind "$root$folder" "$root$folder"; done
if [ "$writable" ]; then mount -o remount,bind,ro "$root"; fi
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
if [ "$registries" ]; then
  mount --bind "$registries" "$root${registriesFolder}"
  mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
fi
if [ "$user" = 0:0 ]; then limits=; else limits='--no-new-privs --bounding-set=-all'; fi
exec chroot "$root" setpriv --reuid "\${user%:*}" --regid "\${user#*:}" --clear-groups $limits \\
  sh -c 'cd "$1"; shift; exec "$@"' sh "$workdir" "$@"`;

/**
 * Runs a command of an image to its end, its output on stderr.
 * @param image folder, env, workdir and user
 * @param how `building`: with the network and this machine's registries, otherwise with neither ·
 *   `network`: with the network · `writable`: folders besides /tmp, all else is read-only · `env`: more of
 *   it · `quiet`: the output is returned instead
 * @returns {{status: number, stdout: string, stderr: string}}
 */
export function inside(image, command, how = {}) {
  const registries = how.building ? openRegistries(registriesFolder) : undefined;
  const { args, env } = prepare(image, command, how, registries);
  const output = how.quiet ? 'pipe' : 2;
  try {
    return spawnSync('unshare', args, {
      env,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      stdio: ['ignore', output, output],
    });
  } finally {
    if (registries) rmSync(registries.folder, { recursive: true });
  }
}

/** Starts a command of an image, as `inside` runs it; its output is piped. */
export function startInside(image, command, how = {}) {
  const { args, env } = prepare(image, command, how);
  return spawn('unshare', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

function prepare(image, command, { writable = [], env = {}, network = false }, registries) {
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child'];
  if (!registries && !network) namespaces.push('--net');
  return {
    args: [
      ...[...namespaces, 'sh', '-c', script, 'sh', image.folder, registries?.folder ?? ''],
      ...[image.workdir, image.user, writable.join(' '), ...command],
    ],
    env: { ...registries?.env, ...image.env, ...env },
  };
}
