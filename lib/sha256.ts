import { createHash } from 'node:crypto';

/** SHA-256 of bytes, which may come in parts, lower-case hex. */
export function sha256Of(...parts: Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
