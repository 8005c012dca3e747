import './support/small-network.js';
import { type Dirent, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import * as assert from 'uvu/assert';
import { openCatalog } from '../lib/catalog/open.js';
import { extract } from '../lib/pipeline/extract.js';
import { sha256Of } from '../lib/sha256.js';
import { openStore } from '../lib/store/open.js';
import { ofType } from './support/events.js';
import { gillnetHere } from './support/here.js';
import { modelsOf, noisePhoto, randomModel, serverOf, startServe } from './support/serving.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('feedback');

const { folder } = await modelsOf(await randomModel(1));
const photo = await noisePhoto(0);

type Serving = Awaited<ReturnType<typeof serverOf>>;

function tell({ ask }: Pick<Serving, 'ask'>, bytes: Buffer, label?: string, headers = {}) {
  const body = new FormData();
  body.append('photo', new Blob([bytes]), 'a.png');
  if (label !== undefined) body.append('label', label);
  return ask('/v1/feedback', { method: 'POST', body, headers });
}

const filesIn = (place: string) =>
  (readdirSync(place, { recursive: true, withFileTypes: true }) as Dirent[])
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(place, path.join(entry.parentPath, entry.name)))
    .sort();

const counted = async ({ ask }: Serving) =>
  (await (await ask('/metrics')).text()).match(/^gillnet_feedback_total\{.*$/gm);

test('a photo is kept as it is, where an extraction reads it, and has one label', async () => {
  const place = temporaryFolder();
  const server = await serverOf(folder, { feedback: place });
  const jpeg = await sharp(photo).jpeg().toBuffer();
  const name = (bytes: Buffer, ending: string) => `${sha256Of(bytes)}.${ending}`;
  const outcome = async (bytes: Buffer, label: string) => {
    const answer = await tell(server, bytes, label);
    assert.is(answer.status, 200);
    const told = (await answer.json()) as { sha256: string; label: string; outcome: string };
    assert.equal([told.sha256, told.label], [sha256Of(bytes), label]);
    return told.outcome;
  };
  assert.is(await outcome(photo, 'cat'), 'kept');
  assert.is(await outcome(photo, 'cat'), 'known');
  assert.is(await outcome(jpeg, 'fish'), 'kept');
  const kept = path.join('train', 'cat', name(photo, 'png'));
  assert.equal(filesIn(place), [kept, path.join('train', 'fish', name(jpeg, 'jpg'))]);
  assert.equal(readFileSync(path.join(place, kept)), photo);
  assert.is(await outcome(photo, 'dog'), 'relabelled');
  const labels = ['cat', 'dog', 'fish', 'cat', 'dog'];
  await Promise.all(labels.map((label) => outcome(photo, label)));
  assert.is(filesIn(place).filter((file) => file.endsWith('.png')).length, 1, 'one label');
  assert.is(await outcome(photo, 'dog'), 'known');

  const catalog = await openCatalog(`sqlite:${path.join(temporaryFolder(), 'catalog.db')}`);
  const events = [];
  for await (const event of extract({ store: await openStore(place), catalog })) events.push(event);
  await catalog.close();
  const [extracted] = ofType(events, 'extracted');
  assert.equal([extracted?.labels, extracted?.splits.train], [{ dog: 1, fish: 1 }, 2]);
  const [first] = (await counted(server)) ?? [];
  assert.ok(first?.startsWith('gillnet_feedback_total{label="cat"} '));
  await server.end();
});

test('a photo has one label also where another model answers now, in a place that holds many', async () => {
  const place = temporaryFolder();
  const before = await serverOf(folder, { feedback: place });
  assert.is((await tell(before, photo, 'cat')).status, 200);
  await before.end();
  // Neither what others keep there, nor a file among the folders of labels, is in the way.
  writeFileSync(path.join(place, 'train', 'notes.txt'), 'cat or dog?');
  mkdirSync(path.join(place, 'train', 'empty'));
  const others = await modelsOf(await randomModel(2, { classes: ['ray', 'shark', 'whale'] }));
  const after = await serverOf(others.folder, { feedback: place });
  const outcome = async (label: string) =>
    ((await (await tell(after, photo, label)).json()) as { outcome: string }).outcome;
  assert.is(await outcome('whale'), 'relabelled');
  assert.is(await outcome('whale'), 'known');
  assert.equal(filesIn(place), [
    path.join('train', 'notes.txt'),
    path.join('train', 'whale', `${sha256Of(photo)}.png`),
  ]);
  await after.end();
});

test('it is off by default, and described only where it is on', async () => {
  for (const feedback of [undefined, temporaryFolder()]) {
    const { ask, end } = await serverOf(folder, feedback === undefined ? {} : { feedback });
    const isOn = feedback !== undefined;
    const { paths } = (await (await ask('/openapi.json')).json()) as { paths: object };
    assert.is('/v1/feedback' in paths, isOn);
    assert.is((await (await ask('/docs')).text()).includes('/v1/feedback'), isOn);
    const model = (await (await ask('/v1/model')).json()) as { feedback: boolean };
    assert.is(model.feedback, isOn);
    assert.is((await tell({ ask }, photo, 'cat')).status, isOn ? 200 : 404);
    await end();
  }
});

test('what is no photo, has no label of the model or no key leaves nothing behind', async () => {
  const place = temporaryFolder();
  const key = 'key-0123456789abcdef';
  const server = await serverOf(folder, {
    ...{ feedback: place, keys: [key], limits: { requestBytes: 200_000, photoPixels: 5000 } },
  });
  const refused = async (status: number, bytes: Buffer, label?: string) => {
    const answer = await tell(server, bytes, label, { 'x-api-key': key });
    assert.is(answer.status, status);
    return ((await answer.json()) as { detail: string }).detail;
  };
  assert.match(await refused(422, photo, 'whale'), /"whale".*cat, dog, fish/);
  for (const label of ['../cat', '', 'Cat', 'constructor']) await refused(422, photo, label);
  await refused(400, photo);
  await refused(422, Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'cat');
  await refused(422, photo.subarray(0, 4000), 'cat');
  await refused(422, await noisePhoto(0, 80), 'cat');
  await refused(413, Buffer.alloc(200_001), 'cat');
  assert.is((await tell(server, photo, 'cat')).status, 401);
  const twice = new FormData();
  for (const name of ['a', 'b']) twice.append('photo', new Blob([photo]), name);
  const headers = { 'x-api-key': key };
  const both = await server.ask('/v1/feedback', { method: 'POST', body: twice, headers });
  assert.is(both.status, 400);
  const bare = { ...headers, 'content-type': 'image/png' };
  const raw = await server.ask('/v1/feedback', { method: 'POST', body: photo, headers: bare });
  assert.is(raw.status, 400);
  const asJson = { ...headers, 'content-type': 'application/json' };
  const body = '{"photos":[{"bytes":"x"}],"label":"cat"}';
  const told = await server.ask('/v1/feedback', { method: 'POST', body, headers: asJson });
  assert.is(told.status, 415);
  assert.equal(filesIn(place), []);
  await server.end();
});

test('labels of a model from elsewhere that are no folders keep nothing, and lead nowhere else', async () => {
  const strange = ['..', 'a/b', 'fine'];
  const description = { classes: strange };
  const models = await modelsOf(await randomModel(1, description));
  const place = path.join(temporaryFolder(), 'feedback');
  const server = await serverOf(models.folder, { feedback: place });
  for (const label of ['..', 'a/b']) assert.is((await tell(server, photo, label)).status, 422);
  assert.is((await tell(server, photo, 'fine')).status, 200);
  assert.equal(readdirSync(path.join(place, '..')), ['feedback']);
  assert.is(filesIn(place).length, 1);
  await server.end();
});

test('a place that can’t be written gives 503, says why in the log, and takes photos again later', async () => {
  const place = temporaryFolder();
  const inTheWay = path.join(place, 'train', 'cat');
  mkdirSync(path.dirname(inTheWay));
  writeFileSync(inTheWay, 'a file');
  const server = await serverOf(folder, { feedback: place });
  const refused = await tell(server, photo, 'cat');
  assert.equal([refused.status, refused.headers.get('retry-after')], [503, '30']);
  const { detail } = (await refused.json()) as { detail: string };
  assert.match(detail, /was not kept.*try again later/);
  assert.not.ok(detail.includes(place), 'clients learn no paths');
  const [warning] = ofType(server.events, 'warning');
  assert.is(warning?.code, 'IO');
  assert.ok(warning?.message.includes(inTheWay));
  rmSync(inTheWay);
  assert.is((await tell(server, photo, 'cat')).status, 200);
  assert.is(filesIn(place).length, 1);
  await server.end();
});

test('the command keeps it in its folder, and says at once where it can’t', async () => {
  const cwd = temporaryFolder();
  const args = (place: string) => ['--models', folder, '--feedback', place];
  writeFileSync(path.join(cwd, 'file'), '');
  const failed = await gillnetHere(['serve', '--json', ...args('file/below')], { cwd });
  assert.is(failed.status, 1);
  assert.match(failed.stdout, /"code":"IO".*file/);
  const { child, end, address } = await startServe(args('feedback'), { cwd });
  await tell({ ask: (at, init) => fetch(address + at, init) }, photo, 'fish');
  child.kill('SIGTERM');
  assert.is((await end).status, 0);
  assert.equal(filesIn(path.join(cwd, 'feedback')), [
    path.join('train', 'fish', `${sha256Of(photo)}.png`),
  ]);
});

test.run();
