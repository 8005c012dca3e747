import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { makeCertificate } from './certificate.js';
import { type Place, type RunningServer, startServer } from './server.js';

export interface S3Options {
  accessKey?: string;
  secretKey?: string;
  region?: string;
  /** https with a certificate of its own making, which `env` names. */
  tls?: boolean;
  /** A name below `localhost` whose buckets are names below it, which `env` then speaks to. */
  domain?: string;
}

export interface S3Server extends RunningServer {
  endpoint: string;
  accessKey: string;
  secretKey: string;
  /** Where the server keeps its objects. */
  data: string;
}

const credentials = { accessKey: 'gillnet-tester', secretKey: 'gillnet-secret-of-tests' };

/** The folders of a server below its own. */
const foldersOf = ({ folder }: Place) => ({
  data: path.join(folder, 'data'),
  certificates: path.join(folder, 'certificates'),
});

function endpointOf({ host, port }: Place, { tls, domain }: S3Options): string {
  return `${tls ? 'https' : 'http'}://${domain ?? host}:${port}`;
}

function environmentOf(place: Place, options: S3Settings): Record<string, string> {
  const { certificates } = foldersOf(place);
  return {
    MINIO_ENDPOINT: endpointOf(place, options),
    MINIO_ACCESS_KEY: options.accessKey,
    MINIO_SECRET_KEY: options.secretKey,
    ...(options.tls && { AWS_CA_BUNDLE: path.join(certificates, 'public.crt') }),
    ...(options.domain && { GILLNET_S3_STYLE: 'virtual' }),
  };
}

export type S3Settings = S3Options & typeof credentials & { tls: boolean };

/** What is each server's own. */
export interface S3Program {
  name: string;
  program: string;
  environment: (settings: S3Settings) => Record<string, string>;
  args: (place: Place, folders: ReturnType<typeof foldersOf>, settings: S3Settings) => string[];
  /** A path that answers once it is ready. */
  health: string;
}

export async function startS3(kind: S3Program, options: S3Options): Promise<S3Server> {
  const settings = { ...credentials, tls: false, ...options };
  const { tls, domain } = settings;
  const server = await startServer({
    name: kind.name,
    program: kind.program,
    environment: kind.environment(settings),
    async prepare(place) {
      const { data, certificates } = foldersOf(place);
      await mkdir(data);
      await mkdir(certificates);
      if (tls) makeCertificate(certificates, domain);
    },
    args: (place) => kind.args(place, foldersOf(place), settings),
    isReady: (place) => answers(place, tls, kind.health),
    env: (place) => environmentOf(place, settings),
  });
  const { data } = foldersOf(server);
  return Object.assign(server, settings, { data, endpoint: endpointOf(server, options) });
}

/** True once the path answers, whoever the certificate is of. */
export async function answers({ host, port }: Place, tls: boolean, path: string): Promise<boolean> {
  const { get } = tls ? await import('node:https') : await import('node:http');
  return new Promise((resolve, reject) => {
    const request = get(
      { host, port, path, rejectUnauthorized: false, agent: false },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    request.setTimeout(2000, () => request.destroy(new Error('silent')));
    request.on('error', reject);
  });
}
