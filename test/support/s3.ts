import { Client } from 'minio';
import * as assert from 'uvu/assert';
import type { Caller } from '../../lib/server.js';
import { accountFrom } from '../../lib/store/account.js';
import { openBucket } from '../../lib/store/bucket.js';
import type { Store, StoredObject } from '../../lib/store/store.js';
import { startMinio } from '../servers/minio.js';
import { programs } from '../servers/programs.js';
import type { S3Options, S3Server } from '../servers/s3.js';
import { startVersity } from '../servers/versity.js';
import type { Suite } from './suite.js';

/** A server that tests run against; nothing may depend on which it is. */
export interface S3Kind {
  name: string;
  program: string;
  start(options?: S3Options): Promise<S3Server>;
}

export const s3Kinds: S3Kind[] = [
  { name: 'MinIO', program: programs.minio, start: startMinio },
  { name: 'versitygw', program: programs.versitygw, start: startVersity },
];

const running = new Map<S3Kind, Promise<S3Server>>();

/** One server of a kind for all tests of a file that do not stop it. */
export function serverOf(kind: S3Kind): Promise<S3Server> {
  const server = running.get(kind) ?? kind.start();
  running.set(kind, server);
  return server;
}

/** Adds a test for each kind of server, skipped where its program is missing. */
export function onEach(
  test: Suite,
  title: string,
  body: (kind: S3Kind, server: S3Server) => Promise<void>,
): void {
  for (const kind of s3Kinds) {
    test.needs(kind.program, `${kind.name}: ${title}`, async () =>
      body(kind, await serverOf(kind)),
    );
  }
}

/** A bucket of its own for each test. */
export function bucketName(): string {
  bucketsNamed += 1;
  return `bucket-${bucketsNamed}`;
}
let bucketsNamed = 0;

export function storeAt(
  server: { env: Record<string, string> },
  location: string,
  caller?: Caller,
): Store {
  return openBucket(location, accountFrom(server.env), caller);
}

/** A new bucket as a store. */
export async function newStore(server: S3Server, caller?: Caller): Promise<Store> {
  const store = storeAt(server, `s3://${bucketName()}`, caller);
  await store.prepare();
  return store;
}

/** The minio client, for what other programs do to a bucket. */
export function clientOf({ host, port, accessKey, secretKey }: S3Server): Client {
  return new Client({ endPoint: host, port, useSSL: false, accessKey, secretKey });
}

export async function listed(store: Store, prefix?: string): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  for await (const object of store.list(prefix)) objects.push(object);
  return objects;
}

/** The listed object of this key. */
export async function objectAt(store: Store, key: string): Promise<StoredObject> {
  const found = (await listed(store, key)).find((object) => object.key === key);
  assert.ok(found, `${key} is not listed`);
  return found as StoredObject;
}

/** Bytes that differ from those of another seed, the same each time. */
export function bytesOf(seed: number | string, length = 1000): Buffer {
  const bytes = Buffer.alloc(length);
  let state =
    [...String(seed)].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7) >>> 0;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

/** What a program needs in its environment to reach a server through something else. */
export function envThrough(gate: { host: string; port: number }, server: S3Server) {
  return { ...server.env, MINIO_ENDPOINT: `http://${gate.host}:${gate.port}` };
}

/** What a caller was told, as a list of codes. */
export function listener(): { codes: string[]; messages: string[]; caller: Caller } {
  const codes: string[] = [];
  const messages: string[] = [];
  const warn = (code: string, message: string) => {
    codes.push(code);
    messages.push(message);
  };
  return { codes, messages, caller: { warn } };
}
