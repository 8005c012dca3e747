import './support/small-network.js';
import { existsSync } from 'node:fs';
import { copyFile, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import * as assert from 'uvu/assert';
import type { GillnetEvent } from '../lib/pipeline/events.js';
import { ended, running, startGillnet, startPredict } from './support/command.js';
import { ofType } from './support/events.js';
import { gillnetHere } from './support/here.js';
import { picture, writeFiles, writeTwoColours } from './support/photos.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('commands, as a person runs them');

/** Where the tests train: a folder whose photos tell their label by their colour. */
const work = temporaryFolder();
const settings = ['--image-size', '64', '--batch-size', '8', '--weights', 'none'];

async function makeData(): Promise<void> {
  const data = path.join(work, 'data');
  const photos = { labels: ['Gold Fish', 'Mudfish'], train: 10, test: 4 } as const;
  await writeTwoColours(data, photos, (label, index) => `${label} (${index}).jpg`);
  const whole = await picture('x.jpg', { r: 9, g: 9, b: 9 }, { width: 900, height: 900 });
  await writeFiles(data, {
    'train/Mudfish/copy.JPG': await readFile(path.join(data, 'test/Mudfish/Mudfish (11).jpg')),
    'train/Mudfish/broken.jpg': whole.subarray(0, whole.length / 2),
  });
}

const start = (args: string[], env = {}) => startGillnet(args, { cwd: work, env });
const gillnet = (...args: string[]) => gillnetHere(args, { cwd: work });
const predictJs = (...args: string[]) => ended(startPredict(args, { cwd: work }));

test('predicting before there is a model says what to do', async () => {
  await makeData();
  const { status, stderr } = await predictJs('x.jpg');
  assert.is(status, 2);
  assert.match(stderr, /^error \[NO_MODEL\]: .*gillnet train/);
});

/** What the first run told. */
let uninterrupted: GillnetEvent[] = [];

test('a run goes from photos to a model, its figures and ten predictions', async () => {
  const args = ['run', '--json', '--data', 'data', '--epochs', '3', ...settings];
  const { status, events, stderr } = await ended(start(args));
  assert.is(status, 0, stderr);
  uninterrupted = events;
  const [guarded] = ofType(events, 'guarded');
  assert.equal(
    [guarded?.leaks, guarded?.quarantined, guarded?.kept],
    [1, 1, { train: 20, val: 0, test: 8 }],
  );
  const list = JSON.parse(await readFile(path.join(work, guarded?.list ?? ''), 'utf8'));
  assert.equal(list.groups[0].photos, ['test/Mudfish/Mudfish (11).jpg', 'train/Mudfish/copy.JPG']);
  assert.is(ofType(events, 'epoch').length, 3);
  assert.is(ofType(events, 'evaluated')[0]?.photos, 8);
  assert.is(ofType(events, 'predicted').length, 8, 'all there are, where there are fewer than ten');
  const [done] = ofType(events, 'done');
  assert.match(done?.model ?? '', /^model_v1_\d{8}T\d{6}Z\.pt$/);
  assert.is(done?.testAccuracy, ofType(events, 'evaluated')[0]?.accuracy);
  const report = await readFile(
    path.join(work, ofType(events, 'evaluated')[0]?.report ?? ''),
    'utf8',
  );
  assert.match(report, /Gold Fish/);
  const run = path.join(work, '.gillnet/runs', ofType(events, 'started')[0]?.run ?? '');
  assert.equal((await readdir(run)).sort(), [
    'config.json',
    'confusion.csv',
    'events.jsonl',
    'guard.json',
    'metrics.json',
    'photos.json',
    'publication.json',
    'report.html',
  ]);
  for (const { time } of events) assert.is(new Date(time).toISOString(), time);
});

test('predict.js answers for what it can, and says of each other file what is wrong', async () => {
  const good = path.join('data', 'test', 'Gold Fish', 'Gold Fish (12).jpg');
  const { status, stdout, stderr } = await predictJs(
    'nope.jpg',
    'data',
    'data/train/Mudfish/broken.jpg',
    good,
    '--top',
    '1',
  );
  assert.is(status, 2);
  assert.match(
    stdout,
    /^data\/test\/Gold Fish\/Gold Fish \(12\)\.jpg: (Gold Fish|Mudfish) \d+\.\d %\n$/,
  );
  assert.match(stderr, /^error \[NOT_FOUND\]: nope\.jpg: /m);
  assert.match(stderr, /^error \[NOT_A_PHOTO\]: data: It is a directory/m);
  assert.match(stderr, /^error \[NOT_A_PHOTO\]: data\/train\/Mudfish\/broken\.jpg: /m);
  const json = await gillnet('predict', good, '--json');
  assert.is(json.status, 0);
  assert.is(json.stdout.trim().split('\n').length, 1);
  const [predicted] = ofType(json.events, 'predicted');
  assert.is(predicted?.ranked.length, 2);
  assert.ok(
    Math.abs((predicted?.ranked ?? []).reduce((sum, { confidence }) => sum + confidence, 0) - 1) <
      1e-6,
  );
});

test('figures that a leak flatters are marked, wherever they are told', async () => {
  const args = ['run', '--data', 'data', '--policy', 'allow', '--epochs', '1', ...settings];
  const apart = ['--runs', 'flattered', '--models', 'flattered'];
  const { status, stdout } = await gillnet(...args, ...apart, '--plain');
  assert.is(status, 0);
  for (const line of [
    /^evaluated on .*accuracy .*\(leaked: training has seen 1 photo of it\)/m,
    /^done .*test accuracy [\d.]+ % \(leaked/m,
  ])
    assert.match(stdout, line);
  const folder = path.join(work, 'flattered');
  const [run = ''] = (await readdir(folder)).filter((name) => !name.startsWith('model_'));
  const read = (name: string) => readFile(path.join(folder, run, name), 'utf8');
  assert.match(await read('report.html'), /These figures flatter: 1 of these photos/);
  assert.is(JSON.parse(await read('metrics.json')).leaks, 1);
});

test('what the model looks at is written as pictures', async () => {
  const [first, second] = ['test/Gold Fish/Gold Fish (12).jpg', 'train/Mudfish/Mudfish (3).jpg'];
  const photos = [first, second, first].map((each) => path.join('data', each));
  const { status, events } = await gillnet('explain', ...photos, '--out', 'seen', '--json');
  assert.is(status, 0);
  const explained = ofType(events, 'explained');
  assert.equal(
    explained.map(({ file }) => path.basename(file)),
    ['Gold Fish (12).explained.png', 'Mudfish (3).explained.png', 'Gold Fish (12)-2.explained.png'],
  );
  for (const { file, label, predicted, confidence } of explained) {
    assert.is(label, predicted);
    assert.ok(confidence >= 0.5 && confidence <= 1);
    const { format, height } = await sharp(path.join(work, file)).metadata();
    assert.equal([format, height], ['png', 30]);
  }
  const other = await gillnet('explain', photos[0] as string, '--label', 'Mudfish', '--plain');
  assert.match(other.stdout, /: Mudfish \d+\.\d %.*: Gold Fish \(12\)\.explained\.png\n$/);
  const unknown = await gillnet('explain', photos[0] as string, '--label', 'Carp');
  assert.is(unknown.status, 2);
  assert.match(unknown.stderr, /knows no Carp; it knows Gold Fish, Mudfish/);
  const taken = path.join(work, 'Gold Fish (12)-2.jpg');
  await copyFile(path.join(work, photos[0] as string), taken);
  const some = await gillnet('explain', 'nope.jpg', taken, ...photos);
  assert.is(some.status, 2);
  const written = some.stdout.match(/[^:\n]+\.explained\.png$/gm) ?? [];
  assert.equal([written.length, new Set(written).size], [4, 4], 'another name for each');
  assert.match(some.stderr, /NOT_FOUND\]: nope\.jpg/);
});

test('Ctrl-C stops with 130, and the run goes on to the same figures', async () => {
  const args = ['train', '--json', '--epochs', '3', '--dtype', 'auto', ...settings];
  const { child, end, told } = running(start(args, { MLFLOW_TRACKING_URI: 'none' }));
  await told(/"epoch":2,"step":1/);
  child.kill('SIGINT');
  const stopped = await end;
  assert.is(stopped.status, 130, stopped.stderr);
  const [done] = ofType(stopped.events, 'done');
  assert.is(done?.interrupted, true);
  assert.is(done?.model, null);
  const claim = path.join(work, '.gillnet/runs', done?.run ?? '', 'process.json');
  assert.not.ok(existsSync(claim), 'no process has it');
  const resumed = await gillnet('train', '--json', '--resume', done?.run ?? '');
  assert.is(resumed.status, 0, resumed.stdout);
  const figures = (events: GillnetEvent[]) =>
    ofType(events, 'epoch').map(({ epoch, trainLoss, valLoss, valAccuracy }) => ({
      epoch,
      trainLoss,
      valLoss,
      valAccuracy,
    }));
  assert.equal([...figures(stopped.events), ...figures(resumed.events)], figures(uninterrupted));
  assert.is(ofType(resumed.events, 'saved').length, 1);
  const changed = await gillnet('train', '--resume', done?.run ?? '', '--epochs', '9');
  assert.is(changed.status, 2);
  assert.match(changed.stderr, /CANNOT_RESUME.*--epochs 9 where it has 3\. Leave that out/);
});

test('every stage goes on from what the last one left behind', async () => {
  const extracted = await gillnet('extract', '--json', '--data', 'data');
  assert.is(ofType(extracted.events, 'extracted')[0]?.photos, 29);
  assert.is((await gillnet('guard', '--policy', 'fail', '--plain')).status, 1);
  const evaluated = await gillnet('evaluate', '--json');
  assert.is(ofType(evaluated.events, 'evaluated')[0]?.photos, 8);
  const elsewhere = await gillnet('evaluate', '--json', '--data', 'data/test');
  assert.is(ofType(elsewhere.events, 'evaluated')[0]?.photos, 8);
  assert.is(ofType((await gillnet('predict', '--json')).events, 'predicted').length, 8);
  assert.is((await gillnet('models', 'list')).stdout.trim().split('\n').length, 3);
  assert.match((await gillnet('models', 'show')).stdout, /^data +[0-9a-f]{64}$/m);

  const newest = async (folder: string) =>
    (await readdir(path.join(work, folder)))
      .filter((name) => name.endsWith('.pt'))
      .sort()
      .at(-1);
  const models = [
    `flattered/${await newest('flattered')}`,
    (await newest('.gillnet/models')) ?? '',
  ];
  const compared = await gillnet('models', 'compare', ...models, '--json');
  assert.is(compared.status, 0, compared.stderr);
  const [told] = ofType(compared.events, 'compared');
  assert.equal([told?.photos, told?.models.map(({ model }) => model)], [8, models]);
  assert.is(told?.models[1].accuracy, ofType(evaluated.events, 'evaluated')[0]?.accuracy);
});

test('wrong words are answered with what would be right', async () => {
  for (const [args, expected] of [
    [['frob'], /Unknown command 'frob'/],
    [['train', '--epochs', '0'], /whole number above 0/],
    [['train', '--resume', 'nothing'], /no run/],
    [['run', '--data', 'nowhere'], /No photo found in nowhere/],
    [['run', '--data', 'data', '--weights', 'gone.pth'], /gone\.pth/],
    [['extract'], /--data FOLDER/],
    [['evaluate', '--model', 'gone.pt'], /gone\.pt/],
    [['serve', '--interval', '1e7'], /at most 86400/],
    [['serve', '--cors', 'https://a.example/'], /https:\/\/a\.example\/ is no origin/],
  ] as const) {
    const { status, stderr, stdout } = await gillnet(...args, '--plain');
    assert.is(status, 2, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, /^error \[[A-Z_]+\]: /, args.join(' '));
    assert.match(stderr, expected);
    assert.not.match(stderr + stdout, /\n +at /, 'no stack');
  }
  assert.match((await gillnet()).stderr, /Name a command: run, .*, verify/);
  assert.match((await gillnet('models')).stderr, /Name a command: list, show/);
  const { status, events } = await gillnet('frob', '--json');
  assert.is(status, 2);
  assert.is(ofType(events, 'error')[0]?.code, 'USAGE');
});

test('doctor finds what is there, and fails where a run would', async () => {
  const fine = await gillnet('doctor', '--weights', 'none');
  assert.is(fine.status, 0, fine.stdout);
  assert.match(fine.stdout, /✓ LibTorch +\d+\.\d+/);
  const wrong = await gillnet('doctor', '--weights', 'gone.pth', '--json');
  assert.is(wrong.status, 1);
});

test.run();
