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
  /** The object of this key; null where there is none. @throws as `list` does */
  find(key: string): Promise<StoredObject | null>;
  /**
   * Names that stand right below `prefix` and have keys below them, in no order.
   * @param prefix ends with a slash @throws as `list` does
   */
  folders(prefix: string): Promise<string[]>;
  /**
   * The object's bytes, held to the checksum that the store has of them.
   * @throws GillnetError NOT_FOUND, CHANGED when it is not what was listed, DAMAGED, IO, UNREACHABLE, DENIED
   */
  get(object: StoredObject): Promise<Buffer>;
  /**
   * Its bytes from `start` up to `end`, for those who have a checksum of their own: stores keep one of the whole alone.
   * @throws as `get` does
   */
  getPart(object: StoredObject, start: number, end: number): Promise<Buffer>;
  /** True when the object holds exactly these bytes. */
  holds(object: StoredObject, body: Uint8Array): Promise<boolean>;
  /**
   * Writes an object whole or not at all, and looks that it arrived.
   * @throws GillnetError EXISTS when the key is taken, IO, UNREACHABLE, DENIED
   */
  create(key: string, body: Uint8Array): Promise<void>;
  /** Deletes an object; one that is gone already is no error. @throws GillnetError IO, UNREACHABLE, DENIED */
  remove(key: string): Promise<void>;
  /**
   * Makes the place if it is missing, so that a long work ends where its result can be kept.
   * @throws GillnetError IO, UNREACHABLE, DENIED
   */
  prepare(): Promise<void>;
  /** Address of an object for other programs: a `file:` URL, or that of the S3 server. */
  urlOf(key: string): string;
}
