import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { makeCertificate } from './certificate.js';
import { programs } from './programs.js';
import {
  answers,
  asS3,
  credentials,
  environmentOf,
  foldersOf,
  type S3Options,
  type S3Server,
} from './s3.js';
import { startServer } from './server.js';

/** The Versity gateway before a plain folder: a key is a path below its bucket's folder. */
export async function startVersity(options: S3Options = {}): Promise<S3Server> {
  const { accessKey, secretKey, tls = false, domain, region } = { ...credentials, ...options };
  const server = await startServer({
    name: 'versitygw',
    program: programs.versitygw,
    environment: { ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey },
    async prepare(place) {
      const { data, certificates } = foldersOf(place);
      await mkdir(data);
      if (tls) makeCertificate(certificates, domain);
    },
    args(place) {
      const { data, certificates } = foldersOf(place);
      return [
        ...['--port', `${place.host}:${place.port}`, '--health', '/health', '--quiet'],
        ...(tls ? ['--cert', path.join(certificates, 'public.crt')] : []),
        ...(tls ? ['--key', path.join(certificates, 'private.key')] : []),
        ...(domain ? ['--virtual-domain', `${domain}:${place.port}`] : []),
        ...(region ? ['--region', region] : []),
        ...['posix', data],
      ];
    },
    isReady: (place) => answers(place, tls, '/health'),
    env: (place) => environmentOf(place, options),
  });
  return asS3(server, options);
}
