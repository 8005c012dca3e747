import './support/small-network.js';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import * as assert from 'uvu/assert';
import { addonFile } from '../lib/addon-files.js';
import { Classifier } from '../lib/model/classifier.js';
import { ended, startPredict } from './support/command.js';
import { gillnetHere } from './support/here.js';
import { classes, randomModel } from './support/serving.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('the start of predict.js, and its end');

const cwd = temporaryFolder();

mkdirSync(path.join(cwd, 'models'));
/** Nearly as long as a name may be, so that few photos are more than a pipe holds. */
const named = classes.map((_, index) => `${'魚'.repeat(250)}${index}`);
const model = await randomModel(3, { classes: named });
writeFileSync(path.join(cwd, 'models', 'model_v1_20260102T030405Z.pt'), model);
const blue = { width: 40, height: 30, channels: 3, background: '#246' } as const;
writeFileSync(path.join(cwd, 'photo.jpg'), await sharp({ create: blue }).jpeg().toBuffer());
writeFileSync(path.join(cwd, 'none.jpg'), 'no photo');

const predict = (args: string[], env = {}) =>
  ended(startPredict(['--models', 'models', ...args], { cwd, env }));

test('it answers as `gillnet predict` does, and all of it arrives before it ends without unloading LibTorch', async () => {
  const photos = Array.from({ length: 30 }, () => 'photo.jpg');
  const started = await predict(['--json', ...photos]);
  const told = await gillnetHere(['predict', '--models', 'models', '--json', ...photos], { cwd });
  assert.equal([started.status, told.status], [0, 0]);
  const answers = [started, told].map(({ events }) => events.map(({ time: _, ...rest }) => rest));
  assert.is(answers[0]?.length, 30);
  assert.equal(answers[0], answers[1]);
  assert.ok(Buffer.byteLength(started.stdout) > 2 ** 16, 'more than a pipe holds');
});

test('files that are no photos are told, the others are predicted, and the status says so', async () => {
  const { status, events } = await predict(['--json', 'none.jpg', 'photo.jpg', 'none.jpg']);
  assert.is(status, 2);
  assert.equal(
    events.map(({ type }) => type),
    ['error', 'predicted', 'error'],
  );
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
