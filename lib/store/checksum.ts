import { createHash } from 'node:crypto';

/** What an S3 server's answer says of an object's bytes, and whether they are those. */

/** A plain upload's ETag is the MD5 of the bytes; of one in parts, the MD5 of the parts' MD5s and how many they were. */
const contentTag = /^[0-9a-f]{32}(-\d+)?$/;

export type Headers = Record<string, string | string[] | undefined>;

/** True for an ETag that follows from the content. Some servers have none, or one of their own making. */
export function isContentTag(etag: string): boolean {
  return contentTag.test(etag);
}

/** The ETag of an answer without its quotes; empty where there is none. */
export function tagOf(headers: Headers): string {
  return String(headers.etag ?? '').replaceAll('"', '');
}

/** The value of `x-amz-checksum-sha256`. */
export function sha256Base64(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}

/**
 * Holds bytes to the checksums in the headers of an answer.
 * @param partSize asked for an object that was uploaded in parts: bytes of its first part, or null where
 *   the server doesn't tell
 * @returns null where the server says nothing that could be checked
 */
export async function matches(
  bytes: Uint8Array,
  headers: Headers,
  partSize: () => Promise<number | null>,
): Promise<boolean | null> {
  const sha256 = headers['x-amz-checksum-sha256'];
  // One with a count behind it is made of the parts' checksums.
  if (typeof sha256 === 'string' && !sha256.includes('-')) return sha256Base64(bytes) === sha256;

  const etag = tagOf(headers);
  const encrypted =
    headers['x-amz-server-side-encryption'] === 'aws:kms' ||
    headers['x-amz-server-side-encryption-customer-algorithm'];
  if (encrypted || !isContentTag(etag)) return null;
  if (!etag.includes('-')) return tagMatches(etag, bytes);
  const size = await partSize();
  return size === null ? null : tagOfParts(bytes, size) === etag;
}

/** True when an ETag by itself says that an object holds these bytes. */
export function tagMatches(etag: string, bytes: Uint8Array): boolean {
  return md5(bytes).toString('hex') === etag;
}

function tagOfParts(bytes: Uint8Array, partSize: number): string {
  const parts: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += partSize) {
    parts.push(md5(bytes.subarray(start, start + partSize)));
  }
  return `${md5(Buffer.concat(parts)).toString('hex')}-${parts.length}`;
}

function md5(bytes: Uint8Array): Buffer {
  return createHash('md5').update(bytes).digest();
}
