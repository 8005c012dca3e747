import path from 'node:path';
import { programs } from './programs.js';
import { type S3Options, type S3Server, startS3 } from './s3.js';

/** The Versity gateway before a plain folder: a key is a path below its bucket's folder. */
export function startVersity(options: S3Options = {}): Promise<S3Server> {
  return startS3(
    {
      name: 'versitygw',
      program: programs.versitygw,
      environment: ({ accessKey, secretKey }) => ({
        ...{ ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey },
      }),
      args: ({ host, port }, { data, certificates }, { tls, domain, region }) => [
        ...['--port', `${host}:${port}`, '--health', '/health', '--quiet'],
        ...(tls ? ['--cert', path.join(certificates, 'public.crt')] : []),
        ...(tls ? ['--key', path.join(certificates, 'private.key')] : []),
        ...(domain ? ['--virtual-domain', `${domain}:${port}`] : []),
        ...(region ? ['--region', region] : []),
        ...['posix', data],
      ],
      health: '/health',
    },
    options,
  );
}
