import { XMLParser } from 'fast-xml-parser';
import type { StoredObject } from './store.js';

/** One answer to ListObjectsV2: up to a thousand objects in the order of their keys. */
export interface Page {
  objects: StoredObject[];
  /** What to ask the next page with; null on the last. */
  next: string | null;
}

const parser = new XMLParser({
  // A key is text: 007 is not 7, and a space at its end is part of it.
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
  isArray: (name) => name === 'Contents',
});

/** The query of a page. */
export function pageQuery(prefix: string, from: string | null, keys: number): string {
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${hex(sign.charCodeAt(0))}`);
  // In the order in which they are signed.
  return [
    ...(from === null ? [] : [`continuation-token=${encode(from)}`]),
    ...['encoding-type=url', 'list-type=2', `max-keys=${keys}`, `prefix=${encode(prefix)}`],
  ].join('&');
}

function hex(code: number): string {
  return code.toString(16).toUpperCase();
}

/**
 * Reads a page. The minio client's own reader decodes keys also where the server, as Versity's gateway,
 * has not encoded them. @throws Error for what is no such page
 */
export function readPage(xml: string): Page {
  const result = parser.parse(xml).ListBucketResult;
  if (!result) throw new Error('an answer that is no list of objects');
  const encoded = result.EncodingType === 'url';
  const objects = (result.Contents ?? []).map((found: Record<string, string>) => {
    const { Key: key = '', Size: size, ETag: tag = '', LastModified: modified = '' } = found;
    return {
      key: encoded ? decodeURIComponent(key.replaceAll('+', ' ')) : key,
      bytes: Number(size),
      etag: tag.replaceAll('"', '') || `${size}-${Date.parse(modified)}`,
    };
  });
  const more = result.IsTruncated === 'true';
  if (more && !result.NextContinuationToken) throw new Error('a list that is cut off');
  return { objects, next: more ? result.NextContinuationToken : null };
}
