/** What a store tells of an object without reading it. */
export interface StoredObject {
  /** Path inside the store with `/` between its parts, never starting with one. */
  key: string;
  bytes: number;
  /** Changes when the content does: an ETag, or size and modification time. */
  etag: string;
}

/** Where bytes live: a directory or a bucket. Keys are UTF-8 and may hold any character. */
export interface Store {
  /** As a person wrote it: a folder's path or `s3://bucket/prefix`. */
  readonly location: string;
  /** All objects whose key starts with `prefix`, in the order of their keys. */
  list(prefix?: string): AsyncIterable<StoredObject>;
  /** @throws GillnetError NOT_FOUND, IO */
  get(key: string): Promise<Buffer>;
  /**
   * Writes an object whole or not at all.
   * @throws GillnetError EXISTS when the key is taken, IO
   */
  create(key: string, body: Uint8Array): Promise<void>;
  /** Address of an object for other programs: `file:` or `s3:` URL. */
  urlOf(key: string): string;
}
