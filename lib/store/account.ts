import { GillnetError } from '../errors.js';
import { isLoopback, readCertificates } from '../server.js';

/** Where an S3 server is and how it is spoken to. */
export interface Account {
  /** Without a path; `https://s3.amazonaws.com` stands for Amazon's server of the region. */
  endpoint: URL;
  /** Empty together with `secretKey` for a bucket that anyone may read. */
  accessKey: string;
  secretKey: string;
  /** Of temporary credentials. */
  sessionToken?: string | undefined;
  /** Asked from the server when it is not given. */
  region?: string | undefined;
  /** `http://host/bucket/key` (path) or `http://bucket.host/key` (virtual). */
  style: 'path' | 'virtual';
  /** As other programs reach the server: what the catalog's addresses begin with. */
  publicEndpoint: URL;
  /** A certificate that is trusted besides the usual ones, PEM. */
  ca?: Buffer | undefined;
}

const example = 'Expected http://127.0.0.1:9000 or the like';

/**
 * The account that the environment tells: `MINIO_*`, then the variables of Amazon's own tools.
 * @throws GillnetError USAGE
 */
export function accountFrom(env: NodeJS.ProcessEnv = process.env): Account {
  const first = (...names: string[]) => {
    const name = names.find((each) => env[each]);
    return name === undefined ? {} : { name, value: env[name] as string };
  };
  // All of one family: a token of another one's is of other keys.
  const isMinio = Boolean(env.MINIO_ACCESS_KEY || env.MINIO_SECRET_KEY);
  const accessKey = first(isMinio ? 'MINIO_ACCESS_KEY' : 'AWS_ACCESS_KEY_ID');
  const secretKey = first(isMinio ? 'MINIO_SECRET_KEY' : 'AWS_SECRET_ACCESS_KEY');
  if (Boolean(accessKey.value) !== Boolean(secretKey.value)) {
    throw new GillnetError(
      'USAGE',
      `${accessKey.name ?? secretKey.name} is set without its ${accessKey.value ? 'secret' : 'access'} key. ` +
        'Set both MINIO_ACCESS_KEY and MINIO_SECRET_KEY (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY).',
    );
  }
  const given = first('MINIO_ENDPOINT', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL');
  if (!given.value && !accessKey.value) {
    throw new GillnetError(
      'USAGE',
      'Which S3 server? Set MINIO_ENDPOINT=http://HOST:9000, MINIO_ACCESS_KEY and MINIO_SECRET_KEY ' +
        '(or AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY).',
    );
  }
  const endpoint = given.value
    ? urlFrom(given.name as string, given.value)
    : new URL('https://s3.amazonaws.com');
  const publicEndpoint = env.MINIO_PUBLIC_ENDPOINT;
  return {
    endpoint,
    accessKey: accessKey.value ?? '',
    secretKey: secretKey.value ?? '',
    sessionToken: first(isMinio ? 'MINIO_SESSION_TOKEN' : 'AWS_SESSION_TOKEN').value,
    region: first('MINIO_REGION', 'AWS_REGION', 'AWS_DEFAULT_REGION').value,
    style: styleFrom(env.GILLNET_S3_STYLE),
    publicEndpoint: publicEndpoint ? urlFrom('MINIO_PUBLIC_ENDPOINT', publicEndpoint) : endpoint,
    ca: env.AWS_CA_BUNDLE ? readCertificates('AWS_CA_BUNDLE', env.AWS_CA_BUNDLE) : undefined,
  };
}

/** Credentials that stand in every tutorial, which is no matter on this machine alone. */
export function isDefaultAccount({ endpoint, accessKey, secretKey }: Account): boolean {
  const defaults = ['admin-user:admin-password', 'minioadmin:minioadmin'];
  return defaults.includes(`${accessKey}:${secretKey}`) && !isLoopback(endpoint.hostname);
}

/** `minio:9000`, as MinIO's own clients take it, means http. */
function urlFrom(name: string, text: string): URL {
  let url: URL;
  try {
    url = new URL(/^https?:\/\//i.test(text) ? text : `http://${text}`);
  } catch {
    throw new GillnetError('USAGE', `${name} is ${text}. ${example}.`);
  }
  if (url.pathname !== '/' || url.search || url.username) {
    throw new GillnetError(
      'USAGE',
      `${name} is ${url.username ? 'an address with a user' : text}. ${example}, without path or user.`,
    );
  }
  return url;
}

function styleFrom(text = 'path'): Account['style'] {
  if (text === 'path' || text === 'virtual') return text;
  throw new GillnetError('USAGE', `GILLNET_S3_STYLE is ${text}. Expected path or virtual.`);
}
