// Long, because one server answers all of it: starting one takes longer than a test.
import './support/small-network.js';
import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import { sha256Of } from '../lib/sha256.js';
import { ofType } from './support/events.js';
import { writeFiles } from './support/photos.js';
import {
  classes,
  modelsOf,
  noisePhoto,
  predictorOf,
  randomModel,
  serverOf,
} from './support/serving.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('serve over HTTP');

const file = await randomModel(1);
const { folder, names } = await modelsOf(file);
const bytes = await Promise.all([0, 1, 2].map((index) => noisePhoto(index)));
const [photo] = bytes as [Buffer];
const open = await serverOf(folder, { limits: { requestPhotos: 3, requestBytes: 200_000 } });

const json = (photos: object[], more: object = {}) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ photos, ...more }),
});
const base64 = (each: Buffer) => each.toString('base64');
function form(parts: [name: string, value: string | Buffer, file?: string][]) {
  const body = new FormData();
  for (const [name, value, fileName = ''] of parts) {
    if (typeof value === 'string') body.append(name, value);
    else body.append(name, new Blob([value]), fileName);
  }
  return { method: 'POST', body };
}

/** Asserts a problem of this status, and gives its detail and errors. */
async function problem(response: Response, status: number) {
  assert.is(response.status, status);
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
  const body = (await response.json()) as Record<string, unknown>;
  assert.equal([body.type, body.status], ['about:blank', status]);
  assert.ok(body.title && body.detail);
  if (body.requestId) assert.is(body.requestId, response.headers.get('x-request-id'));
  return body as { detail: string; errors?: { photo: string; detail: string }[] };
}

test('a form, JSON and the photo itself have one answer', async () => {
  const { predictor, end } = await predictorOf(folder);
  const photos = bytes.map((each, index) => ({ name: `${index}.png`, bytes: each }));
  const { predictions } = await predictor.answer(photos, { top: 2 });
  await end();
  const model = { name: names[0], sha256: sha256Of(file), classes };
  const asForm = await open.ask(
    '/v1/predict',
    form([
      ...photos.map(({ name, bytes }): [string, Buffer, string] => ['any', bytes, name]),
      ['top', '2'],
    ]),
  );
  assert.is(asForm.status, 200);
  assert.equal(await asForm.json(), { model, predictions });
  const asJson = await open.ask(
    '/v1/predict',
    json(
      photos.map(({ name, bytes }) => ({ name, data: base64(bytes) })),
      { top: 2 },
    ),
  );
  assert.equal(await asJson.json(), { model, predictions });
  for (const type of ['image/png', 'image/jpeg', 'application/octet-stream']) {
    const alone = await open.predict(photo, { headers: { 'content-type': type } }, '?top=2');
    const expected = [{ ...predictions[0], photo: 'photo 1' }];
    assert.equal(await alone.json(), { model, predictions: expected });
  }
});

test('a limit of any fraction of a second can be set', async () => {
  const { ask, end } = await serverOf(folder, { limits: { seconds: 1.1 } });
  assert.is((await ask('/healthz')).status, 200);
  await end();
});

test('an explanation is a picture of its own', async () => {
  const answer = await open.predict(photo, {}, '?explain=true');
  const [{ explanation }] = (
    (await answer.json()) as { predictions: [{ explanation: { heat: string } }] }
  ).predictions;
  const png = Buffer.from(explanation.heat, 'base64');
  assert.equal([...png.subarray(1, 4)], [...Buffer.from('PNG')]);
});

test('bad photos are named, each with its reason, and refuse the others', async () => {
  const asked = json([
    { name: 'good', data: base64(photo) },
    { data: base64(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')) },
    { name: 'cut', data: base64(photo.subarray(0, 99)) },
  ]);
  const { errors } = await problem(await open.ask('/v1/predict', asked), 422);
  assert.equal(
    errors?.map(({ photo: name }) => name),
    ['photo 2', 'cut'],
  );
  const garbled = await open.ask('/v1/predict', json([{ name: 'x', data: 'no base64!' }]));
  assert.equal((await problem(garbled, 422)).errors, [{ photo: 'x', detail: 'It is no base64.' }]);
});

test('what is not as described is refused as a problem', async () => {
  const { ask, predict } = open;
  const good = { data: base64(photo) };
  const file: Parameters<typeof form>[0][number] = ['a', photo, 'a'];
  for (const init of [
    { body: '{"photos":', headers: { 'content-type': 'application/json' } },
    ...[json([]), json([{ name: 'x' }]), json(Array(4).fill(good))],
    ...[json([good], { top: '2' }), json([good], { other: 1 })],
    ...[{}, form([['top', '1']]), form(Array(4).fill(file))],
    ...[form([['top', 'x'], file]), form([['other', 'x'], file])],
    { body: 'x', headers: { 'content-type': 'multipart/form-data' } },
  ]) {
    await problem(await ask('/v1/predict', { method: 'POST', ...init }), 400);
  }
  for (const query of ['?top=0', '?explain=maybe', '?other=1']) {
    await problem(await predict(photo, {}, query), 400);
  }
  await problem(await predict(photo, { headers: { 'content-type': 'text/plain' } }), 415);
  await problem(await predict(Buffer.alloc(200_001)), 413);
  await problem(await ask('/nothing'), 404);
  await problem(await ask('/%zz'), 400);
  const method = await ask('/v1/predict', { method: 'DELETE' });
  assert.is(method.headers.get('allow'), 'POST');
  assert.match((await problem(method, 405)).detail, /takes POST/);
  assert.is((await open.predict(photo)).status, 200);
});

test('a request’s id is the client’s own where it is sane, and is told back', async () => {
  const id = async (given?: string) => {
    const headers = given === undefined ? {} : { 'x-request-id': given };
    return (await open.ask('/healthz', { headers })).headers.get('x-request-id') ?? '';
  };
  assert.is(await id('a-1.b:c_d'), 'a-1.b:c_d');
  assert.match(await id(), /^[0-9a-f-]{36}$/);
  assert.match(await id('two words'), /^[0-9a-f-]{36}$/);
  assert.match(await id('x'.repeat(65)), /^[0-9a-f-]{36}$/);
  const answered = ofType(open.events, 'answered');
  assert.ok(
    answered.some(
      ({ id: told, path, status }) => told === 'a-1.b:c_d' && path === '/healthz' && status === 200,
    ),
  );
});

test('the model tells of itself, and metrics count', async () => {
  const model = (await (await open.ask('/v1/model')).json()) as Record<string, unknown>;
  assert.equal([model.name, model.sha256, model.imageSize], [names[0], sha256Of(file), 64]);
  assert.equal([model.classes, model.threshold, model.promotedAt], [classes, null, null]);
  assert.equal(model.metrics, { epoch: 3, valAccuracy: 0.75 });
  await open.predict(photo);
  const text = await (await open.ask('/metrics')).text();
  const value = (name: string) => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
  assert.is(value('gillnet_confidence_count'), open.told.predictions.length);
  assert.is(value('gillnet_batch_photos_sum'), open.told.predictions.length);
  assert.is(value('gillnet_waiting_photos'), 0);
  assert.is(value(`gillnet_model{name="${names[0]}",sha256="${sha256Of(file)}"}`), 1);
  assert.ok(value('gillnet_requests_total{method="POST",route="/v1/predict",status="200"}') > 0);
  assert.ok(value('process_resident_memory_bytes') > 1e7);
  assert.not.match(text, /gillnet_drift\{/, 'nothing is known of its evaluation');
});

test('answers carry headers that keep browsers from more', async () => {
  for (const path of ['/healthz', '/nothing']) {
    const { headers } = await open.ask(path);
    assert.is(headers.get('x-content-type-options'), 'nosniff');
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.is(headers.get('access-control-allow-origin'), null);
  }
  await open.end();
});

test('keys close all but health, and either header opens', async () => {
  const key = 'a key of the test, 123';
  const { ask, end } = await serverOf(folder, {
    keys: ['another-key-0123456', 'key-0123456789abcdef'],
  });
  for (const path of ['/v1/model', '/metrics', '/openapi.json', '/nothing']) {
    const refused = await ask(path);
    assert.match(refused.headers.get('www-authenticate') ?? '', /^Bearer/);
    await problem(refused, 401);
  }
  for (const path of ['/healthz', '/readyz']) assert.is((await ask(path)).status, 200);
  const asked = async (headers: Record<string, string>) =>
    (await ask('/v1/model', { headers })).status;
  assert.is(await asked({ authorization: 'Bearer key-0123456789abcdef' }), 200);
  assert.is(await asked({ 'x-api-key': 'another-key-0123456' }), 200);
  assert.is(await asked({ 'x-api-key': key }), 401);
  assert.is(await asked({ authorization: 'Basic key-0123456789abcdef' }), 401);
  assert.is(await asked({ authorization: 'Bearer key-0123456789abcde' }), 401);
  await end();
});

test('the description is of every operation, and its page needs nothing else', async () => {
  const { ask, end } = await serverOf(folder, { keys: ['key-0123456789abcdef'] });
  const headers = { 'x-api-key': 'key-0123456789abcdef' };
  const document = (await (await ask('/openapi.json', { headers })).json()) as {
    paths: Record<string, Record<string, { security?: []; responses: object }>>;
    security: object[];
  };
  assert.equal(Object.keys(document.paths).sort(), [
    '/healthz',
    '/metrics',
    '/readyz',
    '/v1/model',
    '/v1/predict',
  ]);
  assert.equal(document.security, [{ bearer: [] }, { key: [] }]);
  assert.equal(document.paths['/healthz']?.get?.security, []);
  assert.equal(Object.keys(document.paths['/v1/predict']?.post?.responses ?? {}), [
    '200',
    '400',
    '401',
    '413',
    '415',
    '422',
    '429',
    '503',
  ]);
  const docs = await ask('/docs', { headers });
  const page = await docs.text();
  for (const told of [
    'POST /v1/predict',
    'multipart/form-data',
    'predictions[].ranked[].label',
    '422: Photos',
  ]) {
    assert.ok(page.includes(told), told);
  }
  assert.not.match(page, /<script|src=|https?:/);
  const style = /<style>(.*)<\/style>/s.exec(page)?.[1] ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  assert.ok(docs.headers.get('content-security-policy')?.includes(`style-src 'sha256-${hash}'`));
  await end();
});

test('pages are served with what lies beside them, without a key, and nothing else is', async () => {
  const page = temporaryFolder();
  await writeFiles(page, {
    'index.html': '<!doctype html>',
    'other.html': '<!doctype html><p>other',
    'app.js': '1',
    'notes.txt': 'x',
    'a/b.js': '2',
  });
  const { ask, end } = await serverOf(folder, { page, keys: ['key-0123456789abcdef'] });
  const root = await ask('/');
  assert.equal([root.status, await root.text()], [200, '<!doctype html>']);
  assert.match(root.headers.get('content-security-policy') ?? '', /script-src 'self'/);
  assert.is(await (await ask('/other')).text(), '<!doctype html><p>other');
  assert.is((await ask('/app.js')).headers.get('content-type'), 'text/javascript; charset=utf-8');
  for (const path of ['/notes.txt', '/a/b.js', '/..%2f..%2fetc/passwd', '/index.html']) {
    assert.is((await ask(path)).status, 401);
  }
  await end();
  const without = await serverOf(folder, { page: temporaryFolder() });
  const led = await without.ask('/', { redirect: 'manual' });
  assert.equal([led.status, led.headers.get('location')], [302, 'docs']);
  await without.end();
});

test('all code of a page is served beside it, so that a proxy may put both below a path', async () => {
  const { ask, end } = await serverOf(folder, { runs: temporaryFolder() });
  const seen = new Set(['./index.js', './runs.js']);
  for (const place of seen) {
    const answer = await ask(place.slice(1));
    assert.is(answer.headers.get('content-type'), 'text/javascript; charset=utf-8', place);
    for (const [, from = ''] of (await answer.text()).matchAll(/ from '(.+)'/g)) {
      assert.match(from, /^\.\/[\w-]+\.js$/, place);
      seen.add(from);
    }
  }
  assert.ok(seen.has('./format.js') && seen.has('./curves.js'));
  await end();
});

test('every page has the colours of the report, and none of its own', async () => {
  const { ask, end } = await serverOf(folder, { runs: temporaryFolder() });
  const text = async (path: string) => (await ask(path)).text();
  const colours = await ask('/colours.css');
  assert.is(colours.headers.get('content-type'), 'text/css; charset=utf-8');
  const told = await colours.text();
  assert.match(told, /--main: #/);
  assert.ok((await text('/docs')).includes(told), 'which /docs has as well');
  for (const path of ['/', '/runs']) assert.match(await text(path), /href="colours\.css"/);
  for (const path of ['/page.css', '/index.css', '/runs.css']) {
    const style = await text(path);
    assert.match(style, /var\(--/, path);
    assert.not.match(style, /: [^;{]*(#[\da-f]{3,8}\b|rgb|hsl)/i, path);
  }
  await end();
});

test('pages of an origin may ask where it was named, without a key for the question whether', async () => {
  const { ask, end } = await serverOf(folder, {
    cors: ['https://a.example'],
    keys: ['key-0123456789abcdef'],
  });
  const preflight = (origin: string) =>
    ask('/v1/predict', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
  const allowed = await preflight('https://a.example');
  assert.is(allowed.status, 204);
  assert.is(allowed.headers.get('access-control-allow-origin'), 'https://a.example');
  assert.is(
    (await preflight('https://b.example')).headers.get('access-control-allow-origin'),
    null,
  );
  await end();
});

test.run();
