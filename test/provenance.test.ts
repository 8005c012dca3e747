import './support/small-network.js';
import { generateKeyPairSync } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import * as assert from 'uvu/assert';
import { decodeManifest } from '../lib/model/manifest.js';
import { decodeModel, type Model } from '../lib/model/model-file.js';
import { sha256Of } from '../lib/sha256.js';
import { ofType } from './support/events.js';
import { gillnetHere } from './support/here.js';
import { busyPicture, writeFiles } from './support/photos.js';
import { root, suite, temporaryFolder } from './support/suite.js';

const test = suite('where a model comes from');

const work = temporaryFolder();
const at = (...parts: string[]) => path.join(work, ...parts);
const gillnet = (...args: string[]) => gillnetHere(args, { cwd: work });
const quick = ['--image-size', '64', '--batch-size', '16', '--epochs', '1'];

const modelFile = (name: string) => at('.gillnet/models', name);
const modelNamed = (name: string): Model => decodeModel(readFileSync(modelFile(name)), name);

/** Photos, keys and a signed model, which all tests need. */
async function prepare(): Promise<string> {
  const files: Record<string, Buffer> = {};
  for (let index = 0; index < 14; index += 1) {
    const split = index < 10 ? 'train' : 'test';
    files[`${split}/${index % 2 ? 'carp' : 'perch'}/${index}.png`] = await busyPicture(index);
  }
  await writeFiles(at('data'), files);
  for (const name of ['own', 'foreign']) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(at(`${name}.pem`), privateKey.export({ format: 'pem', type: 'pkcs8' }));
    writeFileSync(at(`${name}.pub.pem`), publicKey.export({ format: 'pem', type: 'spki' }));
  }
  const places = ['--data', 'data', '--weights', 'none'];
  const trained = await gillnet('run', '--json', ...places, ...quick, '--sign', 'own.pem');
  assert.is(trained.status, 0, trained.stdout);
  return ofType(trained.events, 'saved')[0]?.model ?? '';
}
const signed = await prepare();

test('it says on which photos, how and where it was made, and a card stands beside it', async () => {
  const { description, manifest } = modelNamed(signed);
  const photos = decodeManifest(manifest as Uint8Array);
  assert.is(photos.length, 10);
  for (const { key, sha256 } of photos) {
    assert.is(sha256, sha256Of(readFileSync(at('data', key))), key);
  }
  assert.equal(description.photos, {
    train: photos.filter(({ role }) => role === 'train').length,
    val: photos.filter(({ role }) => role === 'val').length,
  });
  assert.is(description.parent, null);
  assert.equal(description.selection, {
    ...{ policy: 'quarantine', validation: 'split', valFraction: 0.2 },
  });
  assert.is(description.machine?.threads, 1);
  assert.ok((description.machine?.processor.length ?? 0) > 0);
  if (existsSync(path.join(root, '.git'))) {
    assert.match(description.versions.commit ?? '', /^[0-9a-f]{40}(-dirty)?$/);
  }

  const beside = await readdir(at('.gillnet/models'));
  const stem = signed.replace(/\.pt$/, '');
  assert.equal(beside.sort(), [`${stem}.md`, `${stem}.metrics.json`, signed].sort());
  const card = readFileSync(modelFile(`${stem}.md`), 'utf8');
  assert.ok(card.includes(sha256Of(readFileSync(modelFile(signed)))));
  assert.match(card, /Accuracy on 4 photos of test/);
});

test('verifying tells a model that is whole from one that was changed', async () => {
  const whole = await gillnet('verify', signed, '--trusted-key', 'own.pub.pem');
  assert.is(whole.status, 0, whole.stdout);
  assert.not.match(whole.stdout, /✗/);
  assert.match(whole.stdout, /✓ signature +Ed25519, by .* who is trusted/);
  const foreign = await gillnet('verify', signed, '--json', '--trusted-key', 'foreign.pub.pem');
  assert.is(foreign.status, 1);
  const [verified] = foreign.events as unknown as { findings: { name: string; ok: boolean }[] }[];
  assert.equal(
    verified?.findings.filter(({ ok }) => ok === false).map(({ name }) => name),
    ['signature'],
  );
  const bytes = Buffer.from(readFileSync(modelFile(signed)));
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  writeFileSync(at('flipped.pt'), bytes);
  const flipped = await gillnet('verify', './flipped.pt');
  assert.is(flipped.status, 2);
  assert.match(flipped.stderr, /BAD_MODEL_FILE/);
});

test('where a key is asked for, an unsigned or foreign model does nothing', async () => {
  const photo = 'data/test/carp/11.png';
  const trusting = (key: string, ...args: string[]) =>
    gillnet('predict', photo, '--trusted-key', key, ...args);
  assert.is((await trusting('own.pub.pem')).status, 0);
  const foreign = await trusting('foreign.pub.pem');
  assert.is(foreign.status, 2);
  assert.match(foreign.stderr, /UNTRUSTED_MODEL.*another key/);
  for (const command of ['evaluate', 'explain'] as const) {
    const files = command === 'explain' ? [photo] : [];
    const refused = await gillnet(command, ...files, '--trusted-key', 'foreign.pub.pem');
    assert.match(refused.stderr, /UNTRUSTED_MODEL/, command);
  }
  assert.is((await trusting('own.pem')).status, 2, 'a private key is no public one');
});

test('photos that it was trained on are told in any folder', async () => {
  await writeFiles(at('mixed'), {
    'carp/known under another name.png': readFileSync(at('data/train/carp/1.png')),
    'carp/new.png': readFileSync(at('data/test/carp/11.png')),
    'perch/new.png': readFileSync(at('data/test/perch/12.png')),
  });
  const { events, status } = await gillnet('evaluate', '--json', '--data', 'mixed');
  assert.is(status, 0);
  const warning = ofType(events, 'warning').find(({ code }) => code === 'SEEN_PHOTOS');
  assert.match(warning?.message ?? '', /trained on 1 of these 3 photos/);
  const [evaluated] = ofType(events, 'evaluated');
  assert.equal([evaluated?.leaks, evaluated?.unseen?.photos], [1, 2]);
});

test('other versions of its photos are told where its own are at hand', async () => {
  const whole = sharp(readFileSync(at('data/train/carp/3.png')));
  const { width = 0 } = await whole.metadata();
  await writeFiles(at('both'), {
    'train/carp/3.png': readFileSync(at('data/train/carp/3.png')),
    'test/carp/smaller.jpg': await whole
      .resize(Math.round(width * 0.7))
      .jpeg()
      .toBuffer(),
    'test/perch/new.png': readFileSync(at('data/test/perch/12.png')),
  });
  const { events } = await gillnet('evaluate', '--json', '--data', 'both');
  const [evaluated] = ofType(events, 'evaluated');
  assert.equal([evaluated?.photos, evaluated?.leaks], [2, 1]);
});

test('a model that began with another names it', async () => {
  copyFileSync(modelFile(signed), at('first.pt'));
  const args = ['--weights', 'first.pt', '--trust-labels', ...quick];
  const trained = await gillnet('train', '--json', '--yes', ...args);
  assert.is(trained.status, 0, trained.stdout);
  const [saved] = ofType(trained.events, 'saved');
  const { description } = modelNamed(saved?.model ?? '');
  const sha256 = sha256Of(readFileSync(at('first.pt')));
  assert.equal(description.parent, { model: 'first.pt', sha256 });
  assert.equal(description.baseWeights, { name: 'first.pt', sha256 });
});

test('weights from elsewhere become a model that claims nothing, with a card', async () => {
  assert.is(
    (await gillnet('models', 'export', '--format', 'safetensors', '--out', 'w.safetensors')).status,
    0,
  );
  const args = ['--classes', 'carp,perch', '--image-size', '64'];
  const imported = await gillnet('models', 'import', 'w.safetensors', ...args, '--json');
  assert.is(imported.status, 0, imported.stderr);
  const [{ model }] = imported.events as unknown as [{ model: string }];
  const { description, manifest } = modelNamed(model);
  const { recipe, seed, metrics, photos, dataFingerprint, baseWeights } = description;
  assert.equal([recipe, seed, metrics, photos, dataFingerprint], Array(5).fill(null));
  assert.is(baseWeights?.sha256, sha256Of(readFileSync(at('w.safetensors'))));
  assert.is(manifest, null);
  const card = readFileSync(modelFile(model.replace('.pt', '.md')), 'utf8');
  assert.match(card, /trained elsewhere; the photos are not known/);
  assert.is((await gillnet('verify', model)).status, 0);

  const again = await gillnet('models', 'import', modelFile(model), ...args);
  assert.is(again.status, 2);
  assert.match(again.stderr, /is a model of gillnet's already/);
});

test.run();
