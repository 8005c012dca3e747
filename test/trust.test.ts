import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { readTorchFile } from '../lib/model/formats/torch-file.js';
import { writeTorchFile } from '../lib/model/formats/write-torch-file.js';
import {
  dataFingerprintOf,
  decodeManifest,
  encodeManifest,
  type ManifestPhoto,
} from '../lib/model/manifest.js';
import { decodeModel, encodeModel, type ModelToWrite } from '../lib/model/model-file.js';
import { publicHalfOf, readSigningKey, readTrustedKeys } from '../lib/model/signature.js';
import { checksOf, requireTrust } from '../lib/model/trust.js';
import { failsWith } from './support/errors.js';
import { descriptionWith } from './support/models.js';
import { suite, temporaryFolder } from './support/suite.js';
import { float32 } from './support/tensors.js';

const test = suite('trust in models');

const hash = (character: string) => character.repeat(64);
const photos: ManifestPhoto[] = [
  ...(['a', 'b', 'c'] as const).map((name) => ({
    ...({ role: 'train', split: 'train', label: 'Gold "Fish"', key: `train/${name}.jpg` } as const),
    ...{ sha256: hash(name), pixelHash: hash('1') },
  })),
  {
    ...{ role: 'val', split: 'train', label: 'Mudfish', key: 'train/ü\n.jpg' },
    ...{ sha256: hash('d'), pixelHash: hash('2') },
  },
];

const made: ModelToWrite = {
  description: descriptionWith({
    ...{ photos: { train: 3, val: 1 }, dataFingerprint: dataFingerprintOf(photos) },
  }),
  state: { weight: float32([2], [1, 2]), bias: float32([1], [3]) },
  photos,
};

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const trusted = [publicHalfOf(privateKey)];

/** The model's file with something else in it. */
function changed(file: Buffer, change: (parts: ReturnType<typeof readTorchFile>) => void): Buffer {
  const parts = readTorchFile(file);
  change(parts);
  return writeTorchFile(parts);
}

const told = (file: Buffer) =>
  Object.fromEntries(checksOf(decodeModel(file, 'm.pt')).map(({ name, ok }) => [name, ok]));

test('a list of photos is read as it was written, and nothing else', async () => {
  assert.equal(decodeManifest(encodeManifest(photos)), photos);
  assert.equal(decodeManifest(encodeManifest([])), []);
  const [first] = photos;
  for (const wrong of ['', '{}', '[1]', '[null]', JSON.stringify([{ ...first, sha256: 'x' }])]) {
    await failsWith('BAD_MODEL_FILE', () => decodeManifest(Buffer.from(wrong)));
  }
  const order = dataFingerprintOf(photos.toReversed());
  assert.is.not(order, dataFingerprintOf(photos), 'its order counts');
});

test('a model holds what it says, and tells what was changed', () => {
  const file = encodeModel(made);
  const all = { tensors: true, photos: true, 'data fingerprint': true };
  assert.equal(told(file), all);
  const otherTensor = changed(file, ({ state }) => {
    state.weight = float32([2], [1, 2.5]);
  });
  assert.equal(told(otherTensor), { ...all, tensors: false });
  const renamed = changed(file, ({ state }) => {
    const { bias, ...rest } = state;
    for (const name of Object.keys(state)) delete state[name];
    Object.assign(state, rest, { offset: bias });
  });
  assert.equal(told(renamed), { ...all, tensors: false });
  const otherPhotos = changed(file, ({ records }) => {
    records.set('photos.json', encodeManifest(photos.slice(1)));
  });
  assert.equal(told(otherPhotos), { tensors: true, photos: false, 'data fingerprint': false });
  const { photos: _, ...without } = made;
  const silent = { tensors: true, photos: null, 'data fingerprint': null };
  assert.equal(told(encodeModel(without)), silent);
});

test('a signed model is taken from a trusted key, whole, and from no other', async () => {
  const file = encodeModel(made, privateKey);
  const model = decodeModel(file, 'm.pt');
  assert.is(model.signedBy, publicHalfOf(privateKey));
  requireTrust(model, 'm.pt', ['another', ...trusted]);

  const refused = async (bytes: Buffer, keys: string[], reason: RegExp) => {
    const error = await failsWith('UNTRUSTED_MODEL', () =>
      requireTrust(decodeModel(bytes, 'm.pt'), 'm.pt', keys),
    );
    assert.match(error.message, reason);
  };
  const foreign = generateKeyPairSync('ed25519').privateKey;
  await refused(encodeModel(made), trusted, /m\.pt is refused: it is not signed/);
  await refused(encodeModel(made, foreign), trusted, /another key/);
  await refused(file, [], /another key/);
  const otherTensor = changed(file, ({ state }) => {
    state.bias = float32([1], [3.5]);
  });
  await refused(otherTensor, trusted, /tensors are not what was signed/);
  const added = changed(
    encodeModel({ ...made, photos: undefined as never }, privateKey),
    (parts) => {
      parts.records.set('photos.json', encodeManifest(photos));
    },
  );
  await refused(added, trusted, /leaves out/);
  const older = changed(file, ({ records }) => records.delete('photos.json'));
  await refused(older, trusted, /photos are not what was signed/);
});

test('a signature of something else is no signature', async () => {
  const file = encodeModel(made, privateKey);
  const redescribed = changed(file, ({ records }) => {
    const record = Buffer.from(records.get('gillnet.json') ?? []).toString();
    records.set('gillnet.json', Buffer.from(record.replace('"seed": 7', '"seed": 8')));
  });
  const { message } = await failsWith('BAD_MODEL_FILE', () => decodeModel(redescribed, 'm.pt'));
  assert.match(message, /signature does not fit/);
  const ofAnother = changed(file, ({ records }) => {
    const signature = JSON.parse(Buffer.from(records.get('signature.json') ?? []).toString());
    const other = publicHalfOf(generateKeyPairSync('ed25519').privateKey);
    records.set('signature.json', Buffer.from(JSON.stringify({ ...signature, publicKey: other })));
  });
  await failsWith('BAD_MODEL_FILE', () => decodeModel(ofAnother, 'm.pt'));
  for (const wrong of ['{}', 'null', '[]', '{"publicKey":1,"signature":2}', 'x']) {
    const bytes = changed(file, ({ records }) => records.set('signature.json', Buffer.from(wrong)));
    await failsWith('BAD_MODEL_FILE', () => decodeModel(bytes, 'm.pt'));
  }
});

test('keys are read from PEM, and what is none is named', async () => {
  const folder = temporaryFolder();
  const written = (name: string, ...keys: KeyObject[]) => {
    const file = path.join(folder, name);
    const pems = keys.map((key) =>
      key.export({ format: 'pem', type: key.type === 'private' ? 'pkcs8' : 'spki' }),
    );
    writeFileSync(file, pems.join(''));
    return file;
  };
  const own = written('key.pem', privateKey);
  assert.equal(publicHalfOf(await readSigningKey(own)), trusted[0]);
  const second = generateKeyPairSync('ed25519');
  const both = written('both.pem', publicKey, second.publicKey);
  assert.equal(await readTrustedKeys(both), [trusted[0], publicHalfOf(second.privateKey)]);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
  for (const [read, file] of [
    [readSigningKey, both],
    [readSigningKey, written('rsa.pem', rsa.privateKey)],
    [readTrustedKeys, own],
    [readTrustedKeys, written('rsa.pub.pem', rsa.publicKey)],
    [readTrustedKeys, written('empty.pem')],
  ] as const) {
    const { message } = await failsWith('USAGE', () => read(file));
    assert.ok(message.includes(file) && /openssl genpkey/.test(message), message);
    assert.not.match(message, new RegExp(readFileSync(own, 'utf8').split('\n')[1] as string));
  }
  await failsWith('NOT_FOUND', () => readSigningKey(path.join(folder, 'gone.pem')));
});

test.run();
