import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';

export interface Certificate {
  certificate: string;
  key: string;
}

/** Makes a certificate that nobody trusts until told, in files as MinIO expects them. @param names as OpenSSL has them */
export function makeCertificate(folder: string, names: string): Certificate {
  mkdirSync(folder, { recursive: true });
  const certificate = path.join(folder, 'public.crt');
  const key = path.join(folder, 'private.key');
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=gillnet'],
      ...['-addext', `subjectAltName=${names}`],
    ],
    { stdio: 'pipe' },
  );
  return { certificate, key };
}
