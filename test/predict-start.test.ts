import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import * as assert from 'uvu/assert';
import { addonFile } from '../lib/addon-files.js';
import { Classifier } from '../lib/model/classifier.js';
import { ended, startGillnet, startPredict } from './support/command.js';
import { classes, randomModel } from './support/serving.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('the start of predict.js, and its end');

const cwd = temporaryFolder();

mkdirSync(path.join(cwd, 'models'));
writeFileSync(path.join(cwd, 'models', 'model_v1_20260102T030405Z.pt'), await randomModel(3));
const blue = { width: 40, height: 30, channels: 3, background: '#246' } as const;
writeFileSync(path.join(cwd, 'photo.jpg'), await sharp({ create: blue }).jpeg().toBuffer());
writeFileSync(path.join(cwd, 'none.jpg'), 'no photo');

const predict = (args: string[], env = {}) =>
  ended(startPredict(['--models', 'models', ...args], { cwd, env }));

test('it answers as `gillnet predict` does', async () => {
  const args = ['--models', 'models', '--json', 'photo.jpg'];
  // First the one that may have to set up.
  const told = await ended(startGillnet(['predict', ...args], { cwd }));
  const started = await ended(startPredict(args, { cwd }));
  assert.equal([started.status, told.status], [0, 0]);
  const answers = [started, told].map(({ events }) => events.map(({ time: _, ...rest }) => rest));
  assert.is(answers[0]?.length, 1);
  assert.equal(answers[0], answers[1]);
});

test('all that it has to say arrives before it ends without unloading LibTorch', async () => {
  const many = Array.from({ length: 400 }, () => 'photo.jpg');
  const { status, events, stdout } = await predict(['--json', ...many]);
  assert.is(status, 0);
  assert.is(events.length, 400);
  assert.ok(stdout.length > 2 ** 16, 'more than a pipe holds');
});

test('a file that is no photo is told, the others are predicted, and the status says so', async () => {
  for (const files of [
    ['none.jpg', 'photo.jpg'],
    ['photo.jpg', 'none.jpg'],
  ]) {
    const { status, events } = await predict(['--json', ...files]);
    assert.is(status, 2);
    assert.equal(events.map(({ type }) => type).sort(), ['error', 'predicted']);
  }
});

test('what ends it while LibTorch is still being loaded ends it well', async () => {
  const wrong = await predict(['--nonsense', 'photo.jpg']);
  assert.is(wrong.status, 2);
  assert.match(wrong.stderr, /error \[USAGE\].*nonsense/);
  const help = await predict(['--help']);
  assert.is(help.status, 0);
  assert.match(help.stdout, /Usage: gillnet predict/);
  const { status, stderr } = await predict(['--model', 'missing.pt', 'photo.jpg']);
  assert.is(status, 2);
  assert.match(stderr, /error \[NOT_FOUND\].*missing\.pt/);
});

test('an addon that can’t be loaded ahead is told of when it is needed', async () => {
  const folder = temporaryFolder();
  copyFileSync(
    addonFile('../../build/Release/gillnet_process.node'),
    path.join(folder, 'gillnet_process.node'),
  );
  const { status, stderr } = await predict(['photo.jpg'], { GILLNET_ADDONS: folder });
  assert.is(status, 1);
  assert.match(stderr, /error \[ADDON\].*gillnet-test-\w+\/gillnet\.node/);
});

test('without a seed a network’s weights are 0, for a state that follows', async () => {
  const classifier = new Classifier({ classes, imageSize: 64, seed: null });
  const { 'conv1.weight': weight, 'fc.weight': head } = await classifier.state();
  classifier.dispose();
  for (const tensor of [weight, head]) assert.ok(tensor?.data.every((byte) => byte === 0));
});

test.run();
