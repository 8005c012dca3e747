import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'minio';
import { type Caller, Server } from '../server.js';
import type { Account } from './account.js';
import { clientOf } from './client.js';
import { explain, isPassing, s3CodeOf } from './s3-errors.js';

export interface BucketPlace {
  /** As a person wrote it. */
  location: string;
  bucket: string;
  /** Empty, or with a slash at its end. */
  prefix: string;
}

/** Of a request. */
interface Extras {
  headers?: Record<string, string>;
  query?: string;
  body?: string | Buffer;
}

/** Requests to the server that has a bucket: patience, the region, and signed requests. */
export class BucketConnection {
  #place: BucketPlace;
  #account: Account;
  #client: Client;
  #server: Server;
  #signal: AbortSignal | undefined;
  #greeting: Promise<void> | undefined;

  constructor(place: BucketPlace, account: Account, caller: Caller | undefined) {
    this.#place = place;
    this.#account = account;
    this.#client = clientOf(account, caller?.signal);
    this.#signal = caller?.signal;
    this.#server = new Server({
      name: `The S3 server at ${account.endpoint.host}`,
      mend: 'Start it, or set MINIO_ENDPOINT to where it is.',
      isPassing,
      explain: (error) => explain(error, this.#account, place.location),
      ...caller,
    });
  }

  /** Calls the server once it has said anything at all: a large first object may take longer than a word. */
  async call<T>(work: () => Promise<T>): Promise<T> {
    this.#greeting ??= this.#server.call(() => this.greet());
    try {
      await this.#greeting;
    } catch (error) {
      this.#greeting = undefined;
      throw error;
    }
    return this.#server.call(() => this.#inRegion(work));
  }

  /** Signs for the region that the server names, where that is not the one it was asked with. */
  async #inRegion<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const { region } = error as { region?: string };
      const wrong = s3CodeOf(error) === 'AuthorizationHeaderMalformed';
      if (!wrong || !region || region === this.#account.region) throw error;
      this.#account = { ...this.#account, region };
      this.#client = clientOf(this.#account, this.#signal);
      return work();
    }
  }

  /** Asks the server for anything. @throws where it does not answer */
  async greet(): Promise<void> {
    try {
      await this.exists();
    } catch (error) {
      // A refusal is an answer: what is asked for next may be allowed.
      if (isPassing(error)) throw error;
    }
  }

  exists(): Promise<boolean> {
    return this.#client.bucketExists(this.#place.bucket);
  }

  async make(): Promise<void> {
    try {
      await this.#client.makeBucket(this.#place.bucket, this.#account.region ?? '');
    } catch (error) {
      // Another process was faster.
      if (!/^BucketAlready/.test(s3CodeOf(error))) throw error;
    }
  }

  /** What the server answers about the bucket. */
  async ask(query: string): Promise<string> {
    const request = { method: 'GET', bucketName: this.#place.bucket, query };
    return text(await this.#client.makeRequestAsync(request));
  }

  /** One request; the minio client's own methods send neither conditions nor checksums. */
  async send(method: string, key: string, { headers, query = '', body = '' }: Extras = {}) {
    const request = {
      method,
      bucketName: this.#place.bucket,
      objectName: this.#place.prefix + key,
      // Versity's gateway refuses an upload that asks for it.
      headers: { ...(method !== 'PUT' && { 'x-amz-checksum-mode': 'ENABLED' }), ...headers },
      query,
    };
    const response = await this.#client.makeRequestAsync(request, body, [200, 204, 206]);
    // A connection goes back to the pool when its answer has been read to the end, an empty one too.
    if (method === 'HEAD') response.resume();
    return response;
  }

  async pause(milliseconds: number): Promise<void> {
    await pause(milliseconds, undefined, { signal: this.#signal }).catch(() => {});
    this.#signal?.throwIfAborted();
  }

  nameOf(key: string): string {
    return `s3://${this.#place.bucket}/${this.#place.prefix}${key}`;
  }
}
