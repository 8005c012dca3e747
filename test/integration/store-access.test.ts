import dns from 'node:dns';
import { AssumeRoleProvider } from 'minio/dist/esm/AssumeRoleProvider.mjs';
import * as assert from 'uvu/assert';
import { programs } from '../servers/programs.js';
import { failsWith } from '../support/errors.js';
import {
  bytesOf,
  clientOf,
  listed,
  newStore,
  objectAt,
  onEach,
  type S3Kind,
  s3Kinds,
  serverOf,
  storeAt,
} from '../support/s3.js';
import { suite } from '../support/suite.js';

const test = suite('who may use a bucket, and how it is addressed');
const [minio] = s3Kinds as [S3Kind];

/** Writes, lists and reads through a server's own environment. */
async function works(env: Record<string, string>): Promise<void> {
  const store = storeAt({ env }, `s3://works-${Math.random().toString(36).slice(2)}`);
  await store.prepare();
  await store.create('a b/ü+%.jpg', bytesOf('body'));
  assert.ok((await store.get(await objectAt(store, 'a b/ü+%.jpg'))).equals(bytesOf('body')));
}

/** Names below `localhost` mean this machine (RFC 6761), which not every system's resolver knows. */
async function withLocalNames<T>(work: () => Promise<T>): Promise<T> {
  const { lookup } = dns;
  const local = (name: string, ...rest: unknown[]) =>
    (lookup as (...args: unknown[]) => void)(name.replace(/^.*\.localhost$/, '127.0.0.1'), ...rest);
  try {
    dns.lookup = local as typeof lookup;
    return await work();
  } finally {
    dns.lookup = lookup;
  }
}

onEach(
  test,
  'wrong keys are refused, naming what to check and never the secret',
  async (_, server) => {
    const { location } = await newStore(server);
    const wrong = [
      { MINIO_SECRET_KEY: 'a-wrong-secret-of-someone' },
      { MINIO_ACCESS_KEY: 'nobody-known', MINIO_SECRET_KEY: 'a-wrong-secret-of-someone' },
    ];
    for (const keys of wrong) {
      const env = { ...server.env, ...keys };
      const store = storeAt({ env }, location);
      for (const work of [
        () => listed(store),
        () => store.prepare(),
        () => store.create('key', bytesOf('key')),
        () => store.get({ key: 'key', bytes: 1, etag: 'x' }),
      ]) {
        const error = await failsWith('DENIED', work);
        assert.match(error.message, /MINIO_ACCESS_KEY/);
        assert.match(error.message, env.MINIO_ACCESS_KEY as string);
        assert.not.match(error.message, /a-wrong-secret/);
        assert.not.match(JSON.stringify(error.cause) + String(error.cause), /a-wrong-secret/);
      }
    }
  },
);

onEach(test, 'its own credentials and region, over TLS, in both styles', async (kind) => {
  await withLocalNames(async () => {
    const accessKey = 'AKIDEXAMPLE123456789';
    const secretKey = 'wJalr/XUtnFEMI+K7MDENG=bPxRfiCY';
    const options = { accessKey, secretKey, region: 'eu-test-1', tls: true };
    const server = await kind.start({ ...options, domain: 's3.localhost' });
    await works(server.env);
    await works({ ...server.env, AWS_REGION: 'eu-test-1' });
    await works({ ...server.env, GILLNET_S3_STYLE: 'path' });
    await works({
      AWS_ENDPOINT_URL: server.endpoint,
      AWS_ACCESS_KEY_ID: accessKey,
      AWS_SECRET_ACCESS_KEY: secretKey,
      AWS_CA_BUNDLE: server.env.AWS_CA_BUNDLE as string,
    });
    await server.discard();
  });
});

onEach(test, 'buckets as names of hosts, without TLS', async (kind) => {
  await withLocalNames(async () => {
    const server = await kind.start({ domain: 's3.localhost' });
    assert.is(server.env.GILLNET_S3_STYLE, 'virtual');
    await works(server.env);
    await server.discard();
  });
});

onEach(test, 'a certificate that nobody vouches for is refused in words', async (kind) => {
  const server = await kind.start({ tls: true });
  const { AWS_CA_BUNDLE: _, ...env } = server.env;
  const began = performance.now();
  const error = await failsWith('IO', () => works(env));
  assert.match(error.message, /certificate.*AWS_CA_BUNDLE/);
  assert.match(error.message, `${server.host}:${server.port}`);
  assert.ok(performance.now() - began < 2000, 'it is no outage');
  await server.discard();
});

onEach(test, 'http to a server of https, and the other way round, say so', async (kind, plain) => {
  const secure = await kind.start({ tls: true });
  const began = performance.now();
  for (const [server, scheme] of [
    [plain, 'https'],
    [secure, 'http'],
  ] as const) {
    const MINIO_ENDPOINT = `${scheme}://${server.host}:${server.port}`;
    const error = await works({ ...secure.env, MINIO_ENDPOINT }).then(() => 'none', String);
    assert.match(error, `${server.host}:${server.port}`);
    assert.match(error, /MINIO_ENDPOINT/);
  }
  assert.ok(performance.now() - began < 10_000);
  await secure.discard();
});

test.needs(programs.minio, 'MinIO: temporary credentials with their token', async () => {
  const server = await serverOf(minio);
  const client = clientOf(server);
  const { endpoint: stsEndpoint, accessKey, secretKey } = server;
  const provider = new AssumeRoleProvider({ stsEndpoint, accessKey, secretKey });
  const credentials = await provider.getCredentials();
  const [MINIO_ACCESS_KEY, MINIO_SECRET_KEY] = [credentials.accessKey, credentials.secretKey];
  const token = credentials.sessionToken as string;
  await client.makeBucket('with-token');
  const env = { ...server.env, MINIO_ACCESS_KEY, MINIO_SECRET_KEY };
  const store = storeAt({ env: { ...env, MINIO_SESSION_TOKEN: token } }, 's3://with-token');
  await store.create('key', bytesOf('key'));
  assert.ok((await store.get(await objectAt(store, 'key'))).equals(bytesOf('key')));
  const error = await failsWith('DENIED', () => listed(storeAt({ env }, 's3://with-token')));
  assert.match(error.message, /SESSION_TOKEN/);
  await failsWith('DENIED', () =>
    listed(storeAt({ env: { ...env, MINIO_SESSION_TOKEN: 'wrong' } }, 's3://with-token')),
  );
  // Another account's, which a shell may hold as well.
  const mixed = { ...env, MINIO_SESSION_TOKEN: token, AWS_SESSION_TOKEN: 'of another account' };
  assert.is((await listed(storeAt({ env: mixed }, 's3://with-token'))).length, 1);
  const amazon = {
    MINIO_ENDPOINT: server.endpoint,
    ...{ AWS_ACCESS_KEY_ID: MINIO_ACCESS_KEY, AWS_SESSION_TOKEN: token },
    AWS_SECRET_ACCESS_KEY: MINIO_SECRET_KEY,
  };
  assert.is((await listed(storeAt({ env: amazon }, 's3://with-token'))).length, 1);
});

test.needs(programs.minio, 'MinIO: a bucket that anyone may read needs no key', async () => {
  const server = await serverOf(minio);
  const own = await newStore(server);
  await own.create('key', bytesOf('key'));
  const bucket = own.location.slice(5);
  const env = { MINIO_ENDPOINT: server.endpoint };
  const store = storeAt({ env }, own.location);
  await failsWith('DENIED', () => listed(store));
  const allowed = { Effect: 'Allow', Principal: { AWS: ['*'] } };
  const Statement = [
    {
      ...allowed,
      Action: ['s3:ListBucket', 's3:GetBucketLocation'],
      Resource: [`arn:aws:s3:::${bucket}`],
    },
    { ...allowed, Action: ['s3:GetObject'], Resource: [`arn:aws:s3:::${bucket}/*`] },
  ];
  const policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await clientOf(server).setBucketPolicy(bucket, policy);
  assert.ok((await store.get(await objectAt(store, 'key'))).equals(bytesOf('key')));
  const error = await failsWith('DENIED', () => store.create('other', bytesOf('other')));
  assert.match(error.message, /without a key/);
});

test.run();
