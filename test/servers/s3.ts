import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { makeCertificate } from './certificate.js';
import { type Place, type RunningServer, type ServerKind, startServer } from './server.js';

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

/** What is particular to one program. */
interface S3Kind extends Pick<ServerKind, 'name' | 'program'> {
  /** Answers once the server is ready. */
  health: string;
  environment(account: { accessKey: string; secretKey: string }): Record<string, string>;
  args(place: Place, folders: Folders): string[];
}

interface Folders {
  data: string;
  /** Holds one where the server speaks https. */
  certificates: string;
}

const credentials = { accessKey: 'gillnet-tester', secretKey: 'gillnet-secret-of-tests' };

/** Starts an S3 server. */
export async function startS3(kind: S3Kind, options: S3Options): Promise<S3Server> {
  const { tls = false, domain, ...account } = { ...credentials, ...options };
  const local = domain ?? 'localhost';
  const endpointOf = ({ host, port }: Place) =>
    `${tls ? 'https' : 'http'}://${domain ?? host}:${port}`;
  const server = await startServer({
    name: kind.name,
    program: kind.program,
    environment: kind.environment(account),
    async prepare(place) {
      const { data, certificates } = foldersOf(place);
      await mkdir(data);
      await mkdir(certificates);
      if (tls) makeCertificate(certificates, `IP:127.0.0.1,DNS:${local},DNS:*.${local}`);
    },
    args: (place) => kind.args(place, foldersOf(place)),
    isReady: (place) => answers(place, tls, kind.health),
    env: (place) => ({
      MINIO_ENDPOINT: endpointOf(place),
      MINIO_ACCESS_KEY: account.accessKey,
      MINIO_SECRET_KEY: account.secretKey,
      ...(tls && { AWS_CA_BUNDLE: path.join(foldersOf(place).certificates, 'public.crt') }),
      ...(domain && { GILLNET_S3_STYLE: 'virtual' }),
    }),
  });
  const { data } = foldersOf(server);
  return Object.assign(server, { ...account, endpoint: endpointOf(server), data });
}

const foldersOf = ({ folder }: Place): Folders => ({
  data: path.join(folder, 'data'),
  certificates: path.join(folder, 'certificates'),
});

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
