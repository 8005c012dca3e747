import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { programs } from '../servers/programs.js';
import type { S3Server } from '../servers/s3.js';
import { failsWith } from '../support/errors.js';
import {
  bytesOf,
  clientOf,
  listed,
  listener,
  newStore,
  objectAt,
  onEach,
  type S3Kind,
  s3Kinds,
  serverOf,
} from '../support/s3.js';
import { suite } from '../support/suite.js';

const test = suite('bytes of a bucket');
const partBytes = 5 * 1024 * 1024;

/** Changes bits in the middle of an object where the server keeps it. */
function damage(server: S3Server, location: string, key: string): void {
  const file = path.join(server.data, location.slice(5), key);
  const parts = [file, path.join(file, 'xl.meta')];
  const kept = parts.find((each) => existsSync(each) && each !== file) ?? file;
  const bytes = readFileSync(kept);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] as number) ^ 0xff;
  writeFileSync(kept, bytes);
}

/** The requests by themselves: minio 8.0.7's fPutObject at times loses a short last part. */
async function uploadInParts(server: S3Server, bucket: string, key: string, body: Buffer) {
  const client = clientOf(server);
  const uploadID = await client.initiateNewMultipartUpload(bucket, key, {});
  const parts: { part: number; etag: string }[] = [];
  for (let start = 0; start < body.length; start += partBytes) {
    const part = parts.length + 1;
    const place = { bucketName: bucket, objectName: key, uploadID, partNumber: part, headers: {} };
    const { etag } = await client.uploadPart(place, body.subarray(start, start + partBytes));
    parts.push({ part, etag });
  }
  await client.completeMultipartUpload(bucket, key, uploadID, parts);
}

onEach(test, 'what changes between list and get is told as changed', async (_, server) => {
  const store = await newStore(server);
  await store.create('key', bytesOf('first'));
  const object = await objectAt(store, 'key');
  await clientOf(server).putObject(store.location.slice(5), 'key', bytesOf('second'));
  const error = await failsWith('CHANGED', () => store.get(object));
  assert.match(error.message, /bucket-\d+\/key.*gillnet extract/);
  assert.ok((await store.get(await objectAt(store, 'key'))).equals(bytesOf('second')));
});

onEach(test, 'what is deleted between list and get is told as missing', async (_, server) => {
  const store = await newStore(server);
  await store.create('key', bytesOf('first'));
  const object = await objectAt(store, 'key');
  await clientOf(server).removeObject(store.location.slice(5), 'key');
  const error = await failsWith('NOT_FOUND', () => store.get(object));
  assert.match(error.message, /bucket-\d+\/key/);
});

onEach(test, 'damaged bytes are never given out', async (kind, server) => {
  const { codes, caller } = listener();
  const store = await newStore(server, caller);
  const keys = [1000, 3_000_000].map((length) => `damaged ${length}.jpg`);
  await store.create('whole.jpg', bytesOf('whole'));
  for (const key of keys) await store.create(key, bytesOf(key, Number.parseInt(key.slice(8), 10)));
  for (const key of keys) damage(server, store.location, key);
  await Promise.all(
    (await listed(store)).map(async (object) => {
      if (object.key === 'whole.jpg')
        return assert.equal(await store.get(object), bytesOf('whole'));
      const error = await failsWith('DAMAGED', () => store.get(object));
      assert.match(error.message, new RegExp(`${object.key}.*Upload it again`), kind.name);
    }),
  );
  assert.equal(codes, [], 'the server itself is there all the time');
});

onEach(test, 'what was uploaded in parts is read back and verified', async (kind, server) => {
  const store = await newStore(server);
  const bucket = store.location.slice(5);
  const body = bytesOf('parts', 2 * partBytes + 12_345);
  await uploadInParts(server, bucket, 'parts', body);
  const object = await objectAt(store, 'parts');
  assert.match(object.etag, /-3$/, 'it was in three parts');
  assert.ok((await store.get(object)).equals(body));
  assert.ok(await store.holds(object, body));
  const other = Buffer.from(body);
  other[partBytes] = (other[partBytes] as number) ^ 1;
  assert.not.ok(await store.holds(object, other));
  if (kind.name === 'versitygw') {
    damage(server, store.location, 'parts');
    await failsWith('DAMAGED', () => store.get(object));
  }
});

const [, versity] = s3Kinds as [S3Kind, S3Kind];
test.needs(programs.versitygw, 'a file laid into the folder by hand is read as it is', async () => {
  const server = await serverOf(versity);
  const store = await newStore(server);
  writeFileSync(path.join(server.data, store.location.slice(5), 'by hand.jpg'), bytesOf('hand'));
  assert.ok((await store.get(await objectAt(store, 'by hand.jpg'))).equals(bytesOf('hand')));
});

test.run();
