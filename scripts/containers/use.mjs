// Uses the finished image as people and docker-compose.yml do: without a network, as its own user.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { check } from '../checks.mjs';
import { root } from '../shell.mjs';
import { inside, startInside } from './chroot.mjs';

export const photo = '.gillnet/sample/test/Goldfish/goldfish-001.jpg';

/** @param image as `build` left it, with a sample and a model in it afterwards */
export async function checkUse(image) {
  console.log('');
  likeDockerRun(image);
  await likeCompose(image);
}

/** `docker run --init gillnet ARGS`: everything writable that its user may write. */
export function likeDockerRun(image, { epochs = 3 } = {}) {
  const gillnet = (...args) => inside(image, [...image.entrypoint, ...args], { quiet: true });
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  check('without arguments it tells its commands', wrong(gillnet(...image.command), /Commands:/));
  check('gillnet --version', wrong(gillnet('--version'), new RegExp(`^${version}\n$`)));
  const doctor = gillnet('doctor');
  console.log(doctor.stdout.replace(/^/gm, '         ').trimEnd());
  check('gillnet doctor', wrong(doctor, /✓ one step/));
  const run = gillnet('run', '--plain', '--epochs', String(epochs));
  console.log(run.stdout.trimEnd().split('\n').slice(-6).join('\n').replace(/^/gm, '         '));
  check('gillnet run --plain on drawn photos', wrong(run, /model_v1_/));
  check('gillnet predict PHOTO', wrong(gillnet('predict', photo), /Goldfish/));
  check('gillnet models list', wrong(gillnet('models', 'list'), /model_v1_/));
  const stranger = {
    ...image,
    user: '1234:1234',
    workdir: '/tmp',
    env: { ...image.env, HOME: '/' },
  };
  const own = { quiet: true, env: { GILLNET_CACHE: '/tmp/cache' } };
  check(
    '--user 1234 in a folder of its own',
    wrong(inside(stranger, ['gillnet', 'doctor'], own), /✓/),
  );
  const user = inside(image, ['sh', '-c', 'id -u; touch /opt/gillnet/x'], { quiet: true });
  check('its user is 1000 and can’t change the program', [
    user.stdout !== '1000\n' && `it is ${user.stdout.trim()}`,
    user.status === 0 && 'it can write to /opt/gillnet',
  ]);
}

/** docker-compose.yml: a read-only root, volumes for runs and cache, and SIGTERM to stop. */
async function likeCompose(image) {
  const how = {
    quiet: true,
    writable: ['/var/lib/gillnet/.gillnet/runs', '/var/lib/gillnet/.gillnet/cache'],
    env: {
      // In the place of the database and the bucket; /tmp is another one in each container.
      GILLNET_CATALOG: 'sqlite:.gillnet/runs/catalog.db',
      GILLNET_MODELS: '.gillnet/cache/models',
      GILLNET_WEIGHTS: 'none',
    },
  };
  const gillnet = (...args) => inside(image, [...image.entrypoint, ...args], how);
  check('read-only, extract', wrong(gillnet('extract', '--data', '.gillnet/sample'), /extracted/));
  check('read-only, train', wrong(gillnet('train', '--epochs', '1'), /model_v1_/));
  check('read-only, predict', wrong(gillnet('predict'), /\d %/));
  await stopping(image, how, gillnet);
}

async function stopping(image, how, gillnet) {
  const runs = path.join(image.folder, 'var/lib/gillnet/.gillnet/runs');
  const before = readdirSync(runs);
  const training = startInside(image, [...image.entrypoint, 'train', '--json'], how);
  const ended = new Promise((resolve) => training.on('close', (code) => resolve(code)));
  training.stderr.resume();
  const stepped = new Promise((resolve) => {
    training.stdout.on('data', (chunk) => /"type":"step"/.test(chunk) && resolve());
  });
  await Promise.race([stepped, ended]);
  const began = performance.now();
  process.kill(firstChild(training.pid), 'SIGTERM');
  const status = await ended;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const run = readdirSync(runs).find((name) => !before.includes(name) && /^\d{8}T/.test(name));
  check(`SIGTERM stops a training in ${seconds} s with status 130`, [
    status !== 130 && `${status}`,
  ]);
  const resumed = run ? gillnet('train', '--resume', run, '--max-minutes', '0.01') : null;
  check('and it can be resumed', resumed ? wrong(resumed, new RegExp(run)) : ['it left no run']);
}

/** unshare itself ignores the signal; the process that it started is the container's first. */
export function firstChild(pid) {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
}

/** What is wrong with a command that should have ended well and have said this; for `check`. */
export function wrong({ status, stdout, stderr }, expected) {
  if (status === 0 && expected.test(stdout)) return [];
  const output = `${stdout}${stderr}`.trim().split('\n').slice(-12);
  return [`ended with ${status}; ${expected} expected`, ...output];
}
