import { type Kysely, type Selectable, sql } from 'kysely';
import { GillnetError } from '../errors.js';
import { type Catalog, type CatalogPhoto, type Split, splits } from './catalog.js';
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

/** Rows of one INSERT: 13 values each stay well below 32,766 (SQLite) and 65,535 (MySQL) bound values. */
const rowsPerInsert = 500;

/** The catalog's queries, the same for every database that Kysely speaks to. */
export function catalogOf(backend: Backend): Catalog {
  const { location, database } = backend;

  return {
    location,

    async replaceAll(photos) {
      const rows = Array.from(photos, rowOf);
      await backend.run('write', () =>
        database.transaction().execute(async (transaction) => {
          await transaction.deleteFrom('fish_data').execute();
          for (let from = 0; from < rows.length; from += rowsPerInsert) {
            const batch = rows.slice(from, from + rowsPerInsert);
            await transaction.insertInto('fish_data').values(batch).execute();
          }
        }),
      );
    },

    async photos({ split } = {}) {
      // Collations differ in what they call equal: case is taken out of splits, and keys are ordered below.
      const rows = await backend.run('read', () =>
        database
          .selectFrom('fish_data')
          .selectAll()
          .where(sql<string>`lower(split)`, 'in', split ? [split] : splits)
          .execute(),
      );
      const found = rows.map((row) => ({ id: Number(row.id), photo: photoOf(row) }));
      return found
        .sort((a, b) => compare(a.photo.key, b.photo.key) || a.id - b.id)
        .map(({ photo }) => photo);
    },

    async foreignAddress() {
      const [row] = await backend.run('read', () =>
        database
          .selectFrom('fish_data')
          .select('url_s3')
          .where('object_key', 'is', null)
          .orderBy('id')
          .limit(sql.lit(1))
          .execute(),
      );
      return row?.url_s3 ?? null;
    },

    close: () => backend.close(),
  };

  function rowOf(photo: CatalogPhoto): Row {
    const row: Row = {
      species_label: photo.label,
      file_name: photo.fileName,
      url_s3: photo.url,
      split: photo.split,
      insert_date: backend.dateOf(photo.insertedAt),
      object_key: photo.key,
      etag: photo.etag,
      sha256: photo.sha256,
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

  function photoOf(row: Selectable<FishData>): CatalogPhoto {
    if (row.object_key === null || row.sha256 === null) {
      throw new GillnetError(
        'CATALOG',
        `The catalog ${location} holds rows that gillnet has not extracted (${row.file_name}). ` +
          'Run `gillnet extract` to take them over.',
      );
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
      bytes: Number(row.bytes),
      width: Number(row.width),
      height: Number(row.height),
      format: String(row.format),
    };
  }
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

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
