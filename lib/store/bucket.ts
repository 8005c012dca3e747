import { buffer } from 'node:stream/consumers';
import { GillnetError } from '../errors.js';
import type { Caller } from '../server.js';
import type { Account } from './account.js';
import { BucketConnection, type BucketPlace } from './bucket-connection.js';
import {
  type Headers,
  isContentTag,
  matches,
  sha256Base64,
  tagMatches,
  tagOf,
} from './checksum.js';
import { isThrottled } from './client.js';
import { type Page, pageQuery, readPage } from './listing.js';
import { explainObject, isPassing, s3CodeOf } from './s3-errors.js';
import type { Store, StoredObject } from './store.js';

/** Downloads of one object with a wrong checksum, after which it counts as damaged where it is kept. */
const wrongDownloads = 3;
/** Downloads that failed while the server answered other requests; with their pauses some 11 s. */
const failedDownloads = 7;

/**
 * A bucket of an S3 server as a store, or the part of it below a prefix.
 * @param location `s3://bucket` or `s3://bucket/prefix`
 * @throws GillnetError USAGE
 */
export function openBucket(location: string, account: Account, caller?: Caller): Store {
  return new Bucket(location, account, caller);
}

class Bucket implements Store {
  #place: BucketPlace;
  #publicOrigin: string;
  #server: BucketConnection;

  constructor(
    readonly location: string,
    account: Account,
    caller: Caller | undefined,
  ) {
    this.#place = placeIn(location);
    this.#publicOrigin = account.publicEndpoint.origin;
    this.#server = new BucketConnection(this.#place, account, caller);
  }

  async *list(below = ''): AsyncGenerator<StoredObject> {
    for await (const { objects } of this.#pages(this.#place.prefix + below)) {
      for (const object of objects) {
        yield { ...object, key: object.key.slice(this.#place.prefix.length) };
      }
    }
  }

  find(key: string): Promise<StoredObject | null> {
    return this.#server.call(async () => {
      try {
        const { headers } = await this.#server.send('HEAD', key);
        return { key, bytes: Number(headers['content-length']), etag: tagOf(headers) };
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    });
  }

  async folders(below: string): Promise<string[]> {
    const prefix = this.#place.prefix + below;
    const names: string[] = [];
    for await (const { folders } of this.#pages(prefix, '/')) {
      names.push(...folders.map((folder) => folder.slice(prefix.length, -1)));
    }
    return names;
  }

  async *#pages(prefix: string, delimiter?: string): AsyncGenerator<Page> {
    let from: string | null = null;
    do {
      const query = pageQuery(prefix, delimiter, from);
      const page: Page = await this.#server.call(async () =>
        readPage(await this.#server.ask(query)),
      );
      yield page;
      from = page.next;
    } while (from !== null);
  }

  get({ key, etag }: StoredObject): Promise<Buffer> {
    return this.#read(key, async () => {
      const response = await this.#server.send('GET', key, { headers: conditionOf(etag) });
      // Rejects when the connection ends before the announced length.
      const body = await buffer(response);
      return (await this.#matches(key, body, response.headers)) === false ? null : body;
    });
  }

  getPart({ key, etag }: StoredObject, start: number, end: number): Promise<Buffer> {
    return this.#read(key, async () => {
      if (start === end) return Buffer.alloc(0);
      const headers = { ...conditionOf(etag), range: `bytes=${start}-${end - 1}` };
      const body = await buffer(await this.#server.send('GET', key, { headers }));
      return body.length === end - start ? body : null;
    });
  }

  /** @param download gives null where the bytes that came are not those that the server holds */
  async #read(key: string, download: () => Promise<Buffer | null>): Promise<Buffer> {
    let wrong = 0;
    for (let failed = 0; wrong < wrongDownloads; ) {
      const { body, failure } = await this.#server.call(() => this.#tryDownload(key, download));
      if (body) return body;
      if (!failure) wrong += 1;
      else {
        failed += 1;
        if (failed === failedDownloads) throw this.#unreadable(key, failure);
        await this.#server.pause(Math.min(100 * 2 ** failed, 5_000));
      }
    }
    throw new GillnetError(
      'DAMAGED',
      `${this.#server.nameOf(key)} does not match the checksum that the server has of it. Upload it again.`,
    );
  }

  async holds(object: StoredObject, body: Uint8Array): Promise<boolean> {
    if (object.bytes !== body.length) return false;
    return tagMatches(object.etag, body) || (await this.get(object)).equals(body);
  }

  async create(key: string, body: Uint8Array): Promise<void> {
    let sent = 0;
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
    await this.#server.call(async () => {
      sent += 1;
      // Asked first: some servers break off an upload that they refuse, as if they went away.
      if (!(await this.#isThere(key)) && (await this.#upload(key, bytes))) return;
      // The answer to an earlier try may have been lost on its way.
      if (sent > 1 && (await this.#arrived(key, bytes))) return;
      const name = this.#server.nameOf(key);
      throw new GillnetError('EXISTS', `${name} is there already and is never overwritten.`);
    });
    if (!(await this.#server.call(() => this.#arrived(key, bytes)))) {
      throw new GillnetError(
        'IO',
        `${this.#server.nameOf(key)} is not what was uploaded: another size or checksum. Look at the server's log and disk.`,
      );
    }
  }

  async remove(key: string): Promise<void> {
    await this.#server.call(async () => {
      try {
        (await this.#server.send('DELETE', key)).resume();
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    });
  }

  async prepare(): Promise<void> {
    const there = await this.#server.call(() => this.#server.exists());
    if (!there) await this.#server.call(() => this.#server.make());
  }

  urlOf(key: string): string {
    // As it stands, without percent signs: readers of the table split it at its slashes.
    return `${this.#publicOrigin}/${this.#place.bucket}/${this.#place.prefix}${key}`;
  }

  /**
   * A download, or why it failed although the server answers: some break off or claim to be busy where an
   * object of theirs is damaged. @throws what fails because the server is away, or for another reason
   */
  async #tryDownload(
    key: string,
    download: () => Promise<Buffer | null>,
  ): Promise<{ body?: Buffer | null; failure?: unknown }> {
    try {
      return { body: await download() };
    } catch (failure) {
      if (!isPassing(failure) || isThrottled(failure)) {
        throw explainObject(this.#server.nameOf(key), failure);
      }
      await this.#server.greet();
      return { failure };
    }
  }

  #unreadable(key: string, cause: unknown): GillnetError {
    return new GillnetError(
      'DAMAGED',
      `${this.#server.nameOf(key)} can't be read (${s3CodeOf(cause)}) from a server that answers otherwise. ` +
        "Upload it again, or look at the server's log and disk.",
      { cause },
    );
  }

  async #isThere(key: string): Promise<boolean> {
    try {
      await this.#server.send('HEAD', key);
      return true;
    } catch (error) {
      if (isPassing(error)) throw error;
      return false;
    }
  }

  /** False when the key is taken: two writers never overwrite each other. */
  async #upload(key: string, body: Buffer): Promise<boolean> {
    const headers = {
      'content-type': 'application/octet-stream',
      'if-none-match': '*',
      'x-amz-checksum-sha256': sha256Base64(body),
    };
    const put = async () => (await this.#server.send('PUT', key, { headers, body })).resume();
    try {
      await put();
    } catch (error) {
      if (s3CodeOf(error) === 'PreconditionFailed') return false;
      if (s3CodeOf(error) !== 'NoSuchBucket') throw error;
      await this.#server.make();
      await put();
    }
    return true;
  }

  /** Reads back size and checksum; the bytes themselves where the server has no checksum. */
  async #arrived(key: string, body: Buffer): Promise<boolean> {
    const { headers } = await this.#server.send('HEAD', key);
    if (Number(headers['content-length']) !== body.length) return false;
    const same = await this.#matches(key, body, headers);
    return same ?? (await buffer(await this.#server.send('GET', key))).equals(body);
  }

  #matches(key: string, body: Buffer, headers: Headers): Promise<boolean | null> {
    return matches(body, headers, async () => {
      if (tagOf(headers).endsWith('-1')) return body.length;
      const { headers: first } = await this.#server.send('HEAD', key, { query: 'partNumber=1' });
      const bytes = Number(first['content-length']);
      return bytes < body.length ? bytes : null;
    });
  }
}

function isMissing(error: unknown): boolean {
  return ['NoSuchKey', 'NotFound', 'NoSuchBucket'].includes(s3CodeOf(error));
}

/** That the object is still the one that was listed, where its ETag tells. */
function conditionOf(etag: string): Record<string, string> {
  return isContentTag(etag) ? { 'if-match': `"${etag}"` } : {};
}

function placeIn(location: string): BucketPlace {
  const [, bucket, path = ''] = /^s3:\/\/([^/]*)\/?(.*)$/is.exec(location) ?? [];
  if (!bucket || !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw new GillnetError(
      'USAGE',
      `${location} names no bucket. Expected s3://bucket or s3://bucket/prefix, the bucket of 3 to 63 small letters, digits, dots and hyphens.`,
    );
  }
  return { location, bucket, prefix: path && !path.endsWith('/') ? `${path}/` : path };
}
