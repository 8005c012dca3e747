import { mkdir } from 'node:fs/promises';
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

export async function startMinio(options: S3Options = {}): Promise<S3Server> {
  const { accessKey, secretKey, tls = false, domain, region } = { ...credentials, ...options };
  const server = await startServer({
    name: 'MinIO',
    program: programs.minio,
    environment: {
      MINIO_ROOT_USER: accessKey,
      MINIO_ROOT_PASSWORD: secretKey,
      // The console would take a second port.
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      ...(domain && { MINIO_DOMAIN: domain }),
      ...(region && { MINIO_SITE_REGION: region }),
    },
    async prepare(place) {
      const { data, certificates } = foldersOf(place);
      await mkdir(data);
      await mkdir(certificates);
      if (tls) makeCertificate(certificates, domain);
    },
    args(place) {
      const { data, certificates } = foldersOf(place);
      const address = ['--address', `${place.host}:${place.port}`];
      return ['server', data, ...address, '--certs-dir', certificates];
    },
    isReady: (place) => answers(place, tls, '/minio/health/ready'),
    env: (place) => environmentOf(place, options),
  });
  return asS3(server, options);
}
