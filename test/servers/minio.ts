import { programs } from './programs.js';
import { type S3Options, type S3Server, startS3 } from './s3.js';

export function startMinio(options: S3Options = {}): Promise<S3Server> {
  return startS3(
    {
      name: 'MinIO',
      program: programs.minio,
      environment: ({ accessKey, secretKey, domain, region }) => ({
        MINIO_ROOT_USER: accessKey,
        MINIO_ROOT_PASSWORD: secretKey,
        // The console would take a second port.
        MINIO_BROWSER: 'off',
        MINIO_UPDATE: 'off',
        ...(domain && { MINIO_DOMAIN: domain }),
        ...(region && { MINIO_SITE_REGION: region }),
      }),
      args: ({ host, port }, { data, certificates }) => [
        ...['server', data, '--address', `${host}:${port}`, '--certs-dir', certificates],
      ],
      health: '/minio/health/ready',
    },
    options,
  );
}
