// npm run check:cuda: the addon built with a LibTorch for CUDA (2.5 GB are fetched once) beside the one that is there, and what
// it does: on a card, or where there is none.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { check, end, skip } from './checks.mjs';
import { findLibTorch } from './libtorch.mjs';
import { cmakeJs, orExplain, setUp } from './setup.mjs';
import { root, SetUpError } from './shell.mjs';

if (`${process.platform}-${process.arch}` !== 'linux-x64') {
  skip('the addon for CUDA', 'its LibTorch is fetched for Linux on x64');
  end();
  process.exit();
}
const work = mkdtempSync(path.join(tmpdir(), 'gillnet-cuda-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));
await orExplain(async () => {
  await setUp();
  process.env.GILLNET_LIBTORCH = 'cuda';
  const { folder } = await findLibTorch();
  delete process.env.GILLNET_LIBTORCH;
  const status = await cmakeJs('compile', path.join(work, 'build'), folder);
  if (status !== 0) throw new SetUpError('the addon is not built');
});
const release = path.join(work, 'build/Release');
const { stdout } = spawnSync('ldd', ['-r', path.join(release, 'gillnet_cuda.so')], {
  encoding: 'utf8',
});
// The driver's own libraries come with a card.
const missing = stdout
  .split('\n')
  .filter((line) => /not found|undefined symbol/.test(line) && !/libcuda\.so\.1/.test(line));
check('gillnet_cuda.so finds all of its libraries and all of their symbols', missing);

const tidied = spawnSync(process.execPath, [path.join(root, 'scripts/lint-native.mjs'), 'cuda'], {
  encoding: 'utf8',
  env: { ...process.env, GILLNET_LIBTORCH: 'cuda' },
});
check('clang-tidy finds no fault in cuda.cc', tidied.status === 0 ? [] : lines(tidied));

process.env.GILLNET_ADDONS = release;
const doctor = gillnet('doctor');
const [device = 'no device'] = /^. device .*$/m.exec(doctor.stdout) ?? [doctor.stderr];
console.log(device);
if (/^✓ device +cuda:0, /.test(device)) withCard();
else withoutCard(device);
end();

/** The tests of the addon, on the card. */
function withCard() {
  const env = { ...process.env, GILLNET_TEST_DEVICE: 'cuda:0' };
  const names = ['numbers', 'step', 'state', 'dtype', 'end'].map((name) => `native-${name}`);
  for (const name of [...names, 'integration/native-memory']) {
    const file = path.join(root, `dist/test/${name}.test.js`);
    const { status, stdout } = spawnSync(process.execPath, [file], { encoding: 'utf8', env });
    check(`${name} passes on the card`, status === 0 ? [] : stdout.split('\n'));
  }
}

function withoutCard(device) {
  check('doctor names the processor, and why', [
    !/CUDA can't be used: .*(driver|card)/.test(device) && device,
  ]);
  const training = ['--epochs', '1', '--image-size', '64', '--plain'];
  const told = gillnet('run', ...training);
  const plain = /warning: CUDA can't be used: .*\. The processor computes instead\./;
  const trains = told.status === 0 && plain.test(told.stdout + told.stderr);
  check('a training says so, and goes on by the processor', trains ? [] : lines(told));
  const refused = gillnet('run', ...training, '--device', 'cuda');
  const isTold = /^error \[NO_DEVICE\]: CUDA can't be used: .*--device cpu/m.test(refused.stderr);
  check(
    'a card that is asked for is refused',
    refused.status === 1 && isTold ? [] : lines(refused),
  );
}

function gillnet(...args) {
  const command = path.join(root, 'scripts/gillnet.mjs');
  return spawnSync(process.execPath, [command, ...args], { encoding: 'utf8', cwd: work });
}

function lines({ status, stdout, stderr }) {
  return [`ended with ${status}`, ...`${stdout}\n${stderr}`.trim().split('\n').slice(-20)];
}
