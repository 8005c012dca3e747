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
  bytes: number;
  /** Pixels, after EXIF orientation. */
  width: number;
  height: number;
  /** sharp's name of the format: `jpeg`, `png`, … */
  format: string;
}

/** Where facts about photos live: SQLite or MySQL. */
export interface Catalog {
  /** As a person wrote it, without password. */
  readonly location: string;
  /**
   * Deletes all rows and inserts these, in one transaction: readers see the old ones or the new ones.
   * @throws GillnetError CATALOG, with nothing changed, for a value that is too long for its column
   */
  replaceAll(photos: Iterable<CatalogPhoto>): Promise<void>;
  /**
   * Ordered by key, by UTF-16 code units whatever the database: the order of training follows from it.
   * @throws GillnetError CATALOG when another program wrote some of the rows
   */
  photos(where?: { split?: Split }): Promise<CatalogPhoto[]>;
  /** `url_s3` of one row that another program wrote, or null where gillnet wrote them all. */
  foreignAddress(): Promise<string | null>;
  close(): Promise<void>;
}
