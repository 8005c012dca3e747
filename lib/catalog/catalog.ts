import type { Spool, Spooled } from '../spool.js';

/** The parts that data comes in. */
export const splits = ['train', 'val', 'test'] as const;
export type Split = (typeof splits)[number];

/** What is known of one photo; the first five are the original service's columns. */
export interface CatalogPhoto {
  /** `species_label` */
  label: string;
  /** `file_name` */
  fileName: string;
  /** `url_s3` */
  url: string;
  /** `split` */
  split: Split;
  /** `insert_date`, ISO 8601. */
  insertedAt: string;
  /** Key in the store it was read from. */
  key: string;
  /** Of the store, to see without reading whether the photo changed. */
  etag: string;
  /** Of the file's bytes, lower-case hex. */
  sha256: string;
  /** Of the decoded pixels, lower-case hex: equal for files that differ in metadata or lossless compression. */
  pixelHash: string;
  bytes: number;
  /** Pixels, after EXIF orientation. */
  width: number;
  height: number;
  /** sharp's name of the format: `jpeg`, `png`, … */
  format: string;
}

/** A photo with what it is known by in another version. */
export interface FingerprintedPhoto extends CatalogPhoto {
  /** As `encodeFingerprint` writes it, some 6 kB. */
  fingerprint: Uint8Array;
}

/** Photos whose fingerprints stand in a spool, which is whoever's that has asked for them to close. */
export interface SpooledPhotos {
  photos: SpooledPhoto[];
  fingerprints: Spool;
}

export interface SpooledPhoto extends CatalogPhoto {
  fingerprint: Spooled;
}

/** Where facts about photos live: SQLite or MySQL. */
export interface Catalog {
  /** As a person wrote it, without password. */
  readonly location: string;
  /**
   * Deletes all rows and inserts these, in one transaction: readers see the old ones or the new ones.
   * @param photos gone through again where the transaction has to be; some hundred are in memory at once
   * @throws GillnetError CATALOG, with nothing changed, for a value that is too long for its column
   */
  replaceAll(photos: Iterable<FingerprintedPhoto>): Promise<void>;
  /**
   * Ordered by key, by UTF-16 code units whatever the database: the order of training follows from it.
   * @throws GillnetError CATALOG when some of the rows lack what extraction finds out
   */
  photos(where?: { split?: Split }): Promise<CatalogPhoto[]>;
  /** The same with their fingerprints, of all splits. @param memory bytes that fingerprints may take */
  fingerprinted(memory: number): Promise<SpooledPhotos>;
  /**
   * Hands over all photos with their fingerprints, in no order and some hundred at a time, so that memory need not hold
   * all; some photos again where the database went away in between.
   */
  eachFingerprinted(take: (photo: FingerprintedPhoto) => void): Promise<void>;
  /**
   * `url_s3` of one row that lacks what this version of gillnet finds out of a photo, as another program or an
   * older version wrote it; null where none does.
   */
  unextracted(): Promise<string | null>;
  close(): Promise<void>;
}
