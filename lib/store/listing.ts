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

/** What a page is to tell. */
export interface PageWanted {
  prefix: string;
  /** How many keys at most. */
  keys: number;
  /** Where keys are cut off and told as folders; nowhere without it. */
  delimiter?: string;
}

/** The query of a page. @param from `next` of the one before, null for the first */
export function pageQuery({ prefix, keys, delimiter }: PageWanted, from: string | null): string {
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${hex(sign.charCodeAt(0))}`);
  // In the order in which they are signed.
  return [
    ...(from === null ? [] : [`continuation-token=${encode(from)}`]),
    ...(delimiter === undefined ? [] : [`delimiter=${encode(delimiter)}`]),
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
