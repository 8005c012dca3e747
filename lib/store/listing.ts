import { XMLParser } from 'fast-xml-parser';
import type { StoredObject } from './store.js';

/** One answer to ListObjectsV2: up to a thousand objects and folders in the order of their keys. */
export interface Page {
  objects: StoredObject[];
  /** Keys up to the delimiter that was asked for, with it. */
  folders: string[];
  /** What to ask the next page with; null on the last. */
  next: string | null;
}

const parser = new XMLParser({
  // A key is text: 007 is not 7, and a space at its end is part of it.
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
  isArray: (name) => name === 'Contents' || name === 'CommonPrefixes',
});

/**
 * The query of a page.
 * @param delimiter where keys are cut off and told as folders; nowhere without it
 * @param from `next` of the one before, null for the first
 */
export function pageQuery(
  prefix: string,
  delimiter: string | undefined,
  from: string | null,
): string {
  const hex = (sign: string) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
  const encode = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, hex);
  // In the order in which they are signed.
  return [
    ...(from === null ? [] : [`continuation-token=${encode(from)}`]),
    ...(delimiter === undefined ? [] : [`delimiter=${encode(delimiter)}`]),
    ...['encoding-type=url', 'list-type=2', 'max-keys=1000', `prefix=${encode(prefix)}`],
  ].join('&');
}

/**
 * Reads a page. The minio client's own reader decodes keys also where the server, as Versity's gateway,
 * has not encoded them. @throws Error for what is no such page
 */
export function readPage(xml: string): Page {
  const result = parser.parse(xml).ListBucketResult;
  if (!result) throw new Error('an answer that is no list of objects');
  const encoded = result.EncodingType === 'url';
  const keyIn = (text: string) => (encoded ? decodeURIComponent(text.replaceAll('+', ' ')) : text);
  const objects = (result.Contents ?? []).map((found: Record<string, string>) => {
    const { Key: key = '', Size: size, ETag: tag = '', LastModified: modified = '' } = found;
    return {
      key: keyIn(key),
      bytes: Number(size),
      etag: tag.replaceAll('"', '') || `${size}-${Date.parse(modified)}`,
    };
  });
  const folders = (result.CommonPrefixes ?? []).map(({ Prefix }: { Prefix: string }) =>
    keyIn(Prefix),
  );
  const more = result.IsTruncated === 'true';
  if (more && !result.NextContinuationToken) throw new Error('a list that is cut off');
  return { objects, folders, next: more ? result.NextContinuationToken : null };
}
