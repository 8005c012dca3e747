import { type Kysely, type Selectable, sql } from 'kysely';
import { GillnetError } from '../errors.js';
import { fingerprintVersion } from '../fingerprints/encoding.js';
import { Spool } from '../spool.js';
import {
  type Catalog,
  type CatalogPhoto,
  type FingerprintedPhoto,
  type Split,
  type SpooledPhoto,
  splits,
} from './catalog.js';
import type { FishData, Tables } from './table.js';

/** What a column holds at most. */
export interface Limit {
  characters: number;
  bytes: number;
}

/** A database that is open and has the table, and what it does in its own way. */
export interface Backend {
  location: string;
  database: Kysely<Tables>;
  /** Runs a whole operation, again after errors that pass. @throws GillnetError */
  run<T>(verb: string, work: () => Promise<T>): Promise<T>;
  /** How a moment, ISO 8601, is written into `insert_date`. */
  dateOf(moment: string): string;
  /** Of the text columns that have one. */
  limits: Map<string, Limit>;
  close(): Promise<void>;
}

type Row = Omit<FishData, 'id'>;

/** Rows that go over at once: with their fingerprints they stay below a megabyte, which every server takes. */
const rowsAtOnce = 100;

/** All columns but the fingerprint, which is large and needed by the guard alone. */
const facts = [
  ...['id', 'species_label', 'file_name', 'url_s3', 'split', 'insert_date', 'object_key'],
  ...['etag', 'sha256', 'pixel_hash', 'bytes', 'width', 'height', 'format'],
] as const;

/** The catalog's queries, the same for every database that Kysely speaks to. */
export function catalogOf(backend: Backend): Catalog {
  const { location, database } = backend;

  return {
    location,

    async replaceAll(photos) {
      await backend.run('write', () =>
        database.transaction().execute(async (transaction) => {
          await transaction.deleteFrom('fish_data').execute();
          for (const some of chunksOf(photos, rowsAtOnce)) {
            await transaction.insertInto('fish_data').values(some.map(rowOf)).execute();
          }
        }),
      );
    },

    async photos({ split } = {}) {
      const rows = await backend.run('read', () =>
        rowsOf(split ? [split] : splits)
          .select(facts)
          .execute(),
      );
      return ordered(rows.map((row) => ({ id: row.id, photo: photoOf(row) })));
    },

    fingerprinted(memory) {
      return backend.run('read', async () => {
        const fingerprints = new Spool(memory);
        try {
          const found: { id: number; photo: SpooledPhoto }[] = [];
          await eachFingerprinted((id, photo) => {
            found.push({
              id,
              photo: { ...photo, fingerprint: fingerprints.add(photo.fingerprint) },
            });
          });
          return { photos: ordered(found), fingerprints };
        } catch (error) {
          fingerprints.close();
          throw error;
        }
      });
    },

    async eachFingerprinted(take) {
      await backend.run('read', () => eachFingerprinted((_, photo) => take(photo)));
    },

    async unextracted() {
      const current = fingerprintVersion.toString(16).padStart(2, '0').toUpperCase();
      const [row] = await backend.run('read', () =>
        database
          .selectFrom('fish_data')
          .select('url_s3')
          .where((where) =>
            where.or([
              where('object_key', 'is', null),
              where('fingerprint', 'is', null),
              where(sql`hex(substr(fingerprint, 1, 1))`, '<>', current),
            ]),
          )
          .orderBy('id')
          .limit(sql.lit(1))
          .execute(),
      );
      return row?.url_s3 ?? null;
    },

    close: () => backend.close(),
  };

  /** In one transaction, so that all rows are of one extraction. */
  function eachFingerprinted(take: (id: number, photo: FingerprintedPhoto) => void): Promise<void> {
    return database.transaction().execute(async (transaction) => {
      for (let last: number | undefined = 0; last !== undefined; ) {
        const rows: Selectable<FishData>[] = await rowsOf(splits, transaction)
          .selectAll()
          .where('id', '>', last)
          .orderBy('id')
          .limit(sql.lit(rowsAtOnce))
          .execute();
        for (const row of rows) {
          if (row.fingerprint === null) throw notExtracted(row.file_name);
          take(row.id, { ...photoOf(row), fingerprint: row.fingerprint });
        }
        last = rows.at(-1)?.id;
      }
    });
  }

  /** Collations differ in what they call equal: case is taken out of splits, and keys are ordered below. */
  function rowsOf(those: readonly Split[], from: Kysely<Tables> = database) {
    return from.selectFrom('fish_data').where(sql<string>`lower(split)`, 'in', those);
  }

  function rowOf(photo: FingerprintedPhoto): Row {
    const row: Row = {
      species_label: photo.label,
      file_name: photo.fileName,
      url_s3: photo.url,
      split: photo.split,
      insert_date: backend.dateOf(photo.insertedAt),
      object_key: photo.key,
      etag: photo.etag,
      sha256: photo.sha256,
      pixel_hash: photo.pixelHash,
      fingerprint: photo.fingerprint,
      bytes: photo.bytes,
      width: photo.width,
      height: photo.height,
      format: photo.format,
    };
    for (const [column, limit] of backend.limits) {
      const text = row[column as keyof Row];
      if (typeof text === 'string' && !fits(text, limit)) throw tooLong(photo.key, column, limit);
    }
    return row;
  }

  function tooLong(key: string, column: string, { characters, bytes }: Limit): GillnetError {
    return new GillnetError(
      'CATALOG',
      `The photo ${key} does not fit the catalog ${location}: its ${column} is longer than ` +
        `${characters} characters or ${bytes} bytes. Rename it; nothing was changed.`,
    );
  }

  function notExtracted(fileName: string): GillnetError {
    return new GillnetError(
      'CATALOG',
      `The catalog ${location} holds rows that this version of gillnet has not extracted (${fileName}). ` +
        'Run `gillnet extract` to take them over.',
    );
  }

  function photoOf(row: Pick<Selectable<FishData>, (typeof facts)[number]>): CatalogPhoto {
    if (row.object_key === null || row.sha256 === null || row.pixel_hash === null) {
      throw notExtracted(row.file_name);
    }
    return {
      label: row.species_label,
      fileName: row.file_name,
      url: row.url_s3,
      split: row.split.toLowerCase() as Split,
      insertedAt: momentOf(row.insert_date),
      key: row.object_key,
      etag: String(row.etag),
      sha256: row.sha256,
      pixelHash: row.pixel_hash,
      bytes: Number(row.bytes),
      width: Number(row.width),
      height: Number(row.height),
      format: String(row.format),
    };
  }
}

function* chunksOf<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

function fits(text: string, { characters, bytes }: Limit): boolean {
  // A text has at most as many characters as code units, and three bytes to each.
  if (text.length <= characters && text.length * 3 <= bytes) return true;
  return [...text].length <= characters && Buffer.byteLength(text) <= bytes;
}

/** ISO 8601 of what a database keeps, in UTC: `2026-01-01 00:00:00.5`, or ISO 8601 itself. */
function momentOf(date: string): string {
  const [, day, time] = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d+)?)Z?$/.exec(date) ?? [];
  return day ? new Date(`${day}T${time}Z`).toISOString() : date;
}

/** By key, by UTF-16 code units, then by id. */
function ordered<P extends CatalogPhoto>(found: { id: number; photo: P }[]): P[] {
  const compare = (a: string, b: string) => Number(a > b) - Number(a < b);
  return found
    .sort((a, b) => compare(a.photo.key, b.photo.key) || Number(a.id) - Number(b.id))
    .map(({ photo }) => photo);
}
