import path from 'node:path';
import type { Place, RunningServer } from './server.js';

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

export const credentials = { accessKey: 'gillnet-tester', secretKey: 'gillnet-secret-of-tests' };

/** The folders of a server below its own. */
export const foldersOf = ({ folder }: Place) => ({
  data: path.join(folder, 'data'),
  certificates: path.join(folder, 'certificates'),
});

function endpointOf({ host, port }: Place, { tls, domain }: S3Options): string {
  return `${tls ? 'https' : 'http'}://${domain ?? host}:${port}`;
}

export function environmentOf(place: Place, options: S3Options): Record<string, string> {
  const { accessKey, secretKey } = { ...credentials, ...options };
  const { certificates } = foldersOf(place);
  return {
    MINIO_ENDPOINT: endpointOf(place, options),
    MINIO_ACCESS_KEY: accessKey,
    MINIO_SECRET_KEY: secretKey,
    ...(options.tls && { AWS_CA_BUNDLE: path.join(certificates, 'public.crt') }),
    ...(options.domain && { GILLNET_S3_STYLE: 'virtual' }),
  };
}

/** The server with what its users know of it. */
export function asS3(server: RunningServer, options: S3Options): S3Server {
  return Object.assign(server, {
    ...credentials,
    ...options,
    endpoint: endpointOf(server, options),
    data: foldersOf(server).data,
  });
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
