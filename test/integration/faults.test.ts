import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { EventType } from '../../lib/pipeline/events.js';
import type { RunningServer } from '../servers/server.js';
import { type Ended, running } from '../support/command.js';
import { ofType } from '../support/events.js';
import { clientOf, listed, storeAt } from '../support/s3.js';
import { bothServers, folderOfPhotos, type Services, services } from '../support/services.js';
import { suite, temporaryFolder } from '../support/suite.js';

const test = suite('servers that fail under the pipeline');

const quick = ['--epochs', '1', '--image-size', '64', '--batch-size', '8', '--threads', '2'];
const secondsAway = 1.5;

/** Runs a command; while it is at the first event of this type, `meanwhile` happens. */
async function during(
  { start }: Services,
  args: string[],
  type: EventType,
  meanwhile: (child: ReturnType<Services['start']>) => Promise<void>,
): Promise<Ended> {
  const command = running(start(...args));
  await command.told(new RegExp(`"type":"${type}"`));
  await meanwhile(command.child);
  return command.end;
}

async function goAwayAndReturn(server: RunningServer): Promise<void> {
  await server.kill();
  await pause(secondsAway * 1000);
  await server.start();
}

/** Of all warnings but those about such small data. */
const aboutData = ['FEW_TO_JUDGE', 'NOT_CALIBRATED'];
const codesOf = ({ events }: Ended) =>
  ofType(events, 'warning')
    .map(({ code }) => code)
    .filter((code) => !aboutData.includes(code));
const errorOf = ({ events }: Ended) => ofType(events, 'error')[0];

const filled = new Map<number, Promise<string>>();

/** The bucket of so many photos in train, which several tests read. */
function bucketOf(it: Services, count: number): Promise<string> {
  const bucket = filled.get(count) ?? fill(it, `s3://photos-${count}`, count);
  filled.set(count, bucket);
  return bucket;
}

async function fill(it: Services, bucket: string, count: number): Promise<string> {
  const folder = await folderOfPhotos(count);
  await it.succeeds('upload', folder, '--data', bucket);
  return bucket;
}

test.needs(bothServers, 'both servers killed in the middle of an extraction', async () => {
  const it = await services();
  const args = ['extract', '--data', await bucketOf(it, 200)];
  const end = await during(it, args, 'progress', async () => {
    await Promise.all([goAwayAndReturn(it.s3), goAwayAndReturn(it.mysql)]);
  });
  assert.is(end.status, 0, end.stdout + end.stderr);
  const [extracted] = ofType(end.events, 'extracted');
  assert.equal([extracted?.photos, extracted?.skipped], [240, 0]);
  assert.ok(codesOf(end).includes('SERVER_AWAY'), codesOf(end).join());
  assert.is(codesOf(end).filter((code) => code === 'SERVER_AWAY').length <= 2, true);
  assert.is((await it.query('SELECT DISTINCT object_key FROM fish_data')).length, 240);
});

test.needs(bothServers, 'the S3 server killed in the middle of a training', async () => {
  const it = await services();
  // Nothing is kept, so that every epoch asks the server for every photo.
  const kept = ['--memory', '0', '--download-cache', '0', ...quick, '--epochs', '2'];
  const args = ['train', '--data', await bucketOf(it, 100), ...kept];
  const calm = await it.gillnet(...args);
  const end = await during(it, args, 'step', () => goAwayAndReturn(it.s3));
  assert.is(end.status, 0, end.stdout + end.stderr);
  const lossesOf = ({ events }: Ended) => ofType(events, 'step').map(({ loss }) => loss);
  assert.equal(lossesOf(end), lossesOf(calm));
  assert.equal(codesOf(end), ['SERVER_AWAY', 'SERVER_BACK']);
  assert.is(ofType(end.events, 'saved').length, 1);
});

test.needs(bothServers, 'Ctrl-C is heard while a server is silent', async () => {
  const it = await services();
  const args = ['extract', '--data', await bucketOf(it, 200), '--download-cache', '0'];
  for (const server of [it.s3, it.mysql]) {
    let asked = 0;
    const end = await during(it, args, 'stage', async (child) => {
      process.kill(server.pid, 'SIGSTOP');
      await pause(700);
      asked = performance.now();
      child.kill('SIGINT');
    });
    const seconds = (performance.now() - asked) / 1000;
    process.kill(server.pid, 'SIGCONT');
    assert.is(end.status, 130, end.stdout);
    assert.is(errorOf(end)?.code, 'INTERRUPTED');
    assert.ok(seconds < 3, `${seconds.toFixed(1)} s`);
  }
});

test.needs(
  bothServers,
  'an upload that is killed goes on, and leaves no half of a photo',
  async () => {
    const it = await services();
    const folder = await folderOfPhotos(200);
    const args = ['upload', folder, '--data', 's3://killed'];
    await during(it, args, 'progress', async (child) => {
      child.kill('SIGKILL');
    });
    const store = storeAt(it.s3, 's3://killed');
    const before = await listed(store);
    assert.ok(before.length >= 50 && before.length < 240, `${before.length} photos`);
    for (const object of before) {
      assert.ok(await store.holds(object, await readFile(path.join(folder, object.key))));
    }
    const again = await it.succeeds(...args);
    const [uploaded] = ofType(again.events, 'uploaded');
    assert.equal([uploaded?.present, uploaded?.photos], [before.length, 240 - before.length]);
    assert.is((await listed(store)).length, 240);
  },
);

test.needs(bothServers, 'an extraction that is killed leaves the catalog as it was', async () => {
  const it = await services();
  await it.gillnet('extract', '--data', await bucketOf(it, 40));
  const before = await it.query('SELECT * FROM fish_data');
  assert.is(before.length, 48);
  const args = ['extract', '--data', await bucketOf(it, 200)];
  await during(it, args, 'progress', async (child) => {
    child.kill('SIGKILL');
  });
  assert.equal(await it.query('SELECT * FROM fish_data'), before);
  await it.succeeds(...args);
  assert.is((await it.query('SELECT * FROM fish_data')).length, 240);
});

test.needs(bothServers, 'two extractions at once', async () => {
  const it = await services();
  const [one, other] = [await bucketOf(it, 60), await bucketOf(it, 40)];
  const buckets = [one, other, one];
  const ends = await Promise.all(buckets.map((data) => it.gillnet('extract', '--data', data)));
  assert.equal(
    ends.map(({ status }) => status),
    [0, 0, 0],
    ends.map(({ stdout }) => stdout).join(),
  );
  const rows = await it.query('SELECT url_s3 FROM fish_data');
  const found = new Set(rows.map(({ url_s3 }) => `s3://${url_s3.split('/')[3]}`));
  assert.is(found.size, 1, 'rows of one extraction alone');
  assert.is(rows.length, found.has(one) ? 72 : 48);
});

test.needs(
  bothServers,
  'half a photo in the bucket, and one that changes, harm no other',
  async () => {
    const it = await services();
    const objects = await listed(storeAt(it.s3, await fill(it, 's3://half', 40)));
    const [first = '', second = ''] = objects.map(({ key }) => key);
    const whole = await readFile(path.join(await folderOfPhotos(40), first));
    const client = clientOf(it.s3);
    await client.putObject('half', first, whole.subarray(0, whole.length / 2));
    const extracted = await it.succeeds('extract', '--data', 's3://half');
    const [skipped] = ofType(extracted.events, 'skipped');
    assert.is(skipped?.photo, first);
    await client.putObject('half', second, whole);
    const args = ['evaluate', '--split', 'test', '--download-cache', '0'];
    await it.gillnet('train', ...quick);
    const evaluated = await it.succeeds(...args);
    assert.match(ofType(evaluated.events, 'skipped')[0]?.reason ?? '', /has changed since/);
  },
);

test.needs(
  bothServers,
  'what is missing or refused is named at once, with what to do',
  async () => {
    const it = await services();
    const asked = async (env: Record<string, string>, ...args: string[]) => {
      const began = performance.now();
      Object.assign(it.env, env);
      const end = await it.gillnet(...args);
      const seconds = (performance.now() - began) / 1000;
      const { code, message } = errorOf(end) ?? {};
      return { said: `${end.status} ${code}: ${message}`, seconds };
    };
    const { MINIO_SECRET_KEY = '', MINIO_ENDPOINT = '', GILLNET_CATALOG = '' } = it.env;
    const cases: [Record<string, string>, string[], RegExp][] = [
      [{}, ['extract', '--data', 's3://not-there'], /^2 NOT_FOUND: .*not-there.*gillnet upload/],
      [
        { MINIO_SECRET_KEY: 'wrong' },
        ['extract', '--data', 's3://b-1'],
        /^1 DENIED: .*MINIO_SECRET_KEY/,
      ],
      [
        { MINIO_SECRET_KEY, MINIO_ENDPOINT: 'http://127.0.0.1:9' },
        ['extract', '--data', 's3://b-1'],
        /^1 UNREACHABLE: .*127\.0\.0\.1:9 .*MINIO_ENDPOINT/,
      ],
      [
        { MINIO_ENDPOINT, GILLNET_CATALOG: GILLNET_CATALOG.replace('root:root', 'root:wrong') },
        ['train'],
        /^1 DENIED: .*root/,
      ],
      [
        { GILLNET_CATALOG: 'mysql://root:root@127.0.0.1:9/mlops' },
        ['train'],
        /^1 UNREACHABLE: .*127\.0\.0\.1:9 /,
      ],
    ];
    for (const [env, args, expected] of cases) {
      const { said, seconds } = await asked(env, ...args);
      assert.match(said, expected);
      assert.not.match(said, /:wrong|"wrong/);
      assert.ok(seconds < 8, `${seconds.toFixed(1)} s, the start of the program included`);
    }
  },
);

/** Only root may mount, and not in every container. */
const canMount = process.getuid?.() === 0 && mounts();

test.needs(
  canMount ? bothServers : 'the right to mount a small disk',
  'a full disk under the cache costs nothing but time',
  async () => {
    const it = await services();
    const bucket = await bucketOf(it, 100);
    const disk = mount();
    try {
      it.env.GILLNET_CACHE = disk;
      const extracted = await it.succeeds('extract', '--data', bucket);
      assert.is(ofType(extracted.events, 'extracted')[0]?.photos, 120);
      assert.equal(codesOf(extracted), ['CACHE']);
      const left = (readdirSync(disk, { recursive: true }) as string[]).filter((name) =>
        name.endsWith('.tmp'),
      );
      assert.equal(left, []);
      await it.succeeds('train', ...quick);
    } finally {
      spawnSync('umount', [disk]);
    }
  },
);

function mounts(): boolean {
  const disk = mount();
  return spawnSync('umount', [disk]).status === 0;
}

function mount(): string {
  const disk = temporaryFolder();
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  return disk;
}

test.run();
