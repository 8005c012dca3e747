import type { Generated, Kysely, Transaction } from 'kysely';
import { GillnetError, messageOf } from '../errors.js';
import { type Split, splits } from '../pipeline/events.js';
import type { Catalog, CatalogPhoto } from './catalog.js';

/** The original service's six columns, which other programs read, then ours. */
export interface FishData {
  id: Generated<number>;
  species_label: string;
  file_name: string;
  url_s3: string;
  split: string;
  insert_date: string;
  object_key: string | null;
  etag: string | null;
  sha256: string | null;
  bytes: number | null;
  width: number | null;
  height: number | null;
  format: string | null;
}

export interface Tables {
  fish_data: FishData;
}

const ownColumns = {
  object_key: 'varchar(1024)',
  etag: 'varchar(128)',
  sha256: 'char(64)',
  bytes: 'bigint',
  width: 'integer',
  height: 'integer',
  format: 'varchar(16)',
} as const;

/** Rows of one INSERT: 12 columns stay well below any database's limit of bound values. */
const rowsPerInsert = 500;

/** The catalog's queries, the same for every database that Kysely speaks to. */
export function catalogOf(database: Kysely<Tables>, location: string): Catalog {
  const told = async <T>(verb: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof GillnetError) throw cause;
      throw new GillnetError(
        'CATALOG',
        `Can't ${verb} the catalog ${location}: ${messageOf(cause)}.`,
        { cause },
      );
    }
  };

  return {
    location,

    replaceAll: (photos) =>
      told('write', () =>
        database.transaction().execute(async (transaction) => {
          await transaction.deleteFrom('fish_data').execute();
          await insertAll(transaction, photos);
        }),
      ),

    photos: ({ split } = {}) =>
      told('read', async () => {
        let query = database.selectFrom('fish_data').selectAll();
        query = query.where('split', 'in', split ? [split] : [...splits]);
        const rows = await query.orderBy('object_key').orderBy('id').execute();
        return rows.map(photoOf);
      }),

    close: () => database.destroy(),
  };

  function photoOf(row: Required<{ [K in keyof FishData]: unknown }>): CatalogPhoto {
    if (row.object_key === null || row.sha256 === null) {
      throw new GillnetError(
        'CATALOG',
        `The catalog ${location} holds rows that gillnet has not extracted (${row.file_name}). ` +
          'Run `gillnet extract` to take them over.',
      );
    }
    return {
      label: String(row.species_label),
      fileName: String(row.file_name),
      url: String(row.url_s3),
      split: row.split as Split,
      insertedAt: String(row.insert_date),
      key: String(row.object_key),
      etag: String(row.etag),
      sha256: String(row.sha256),
      bytes: Number(row.bytes),
      width: Number(row.width),
      height: Number(row.height),
      format: String(row.format),
    };
  }
}

async function insertAll(
  transaction: Transaction<Tables>,
  photos: Iterable<CatalogPhoto>,
): Promise<void> {
  let rows: Omit<FishData, 'id'>[] = [];
  const flush = async () => {
    if (rows.length > 0) await transaction.insertInto('fish_data').values(rows).execute();
    rows = [];
  };
  for (const photo of photos) {
    rows.push({
      species_label: photo.label,
      file_name: photo.fileName,
      url_s3: photo.url,
      split: photo.split,
      insert_date: photo.insertedAt,
      object_key: photo.key,
      etag: photo.etag,
      sha256: photo.sha256,
      bytes: photo.bytes,
      width: photo.width,
      height: photo.height,
      format: photo.format,
    });
    if (rows.length === rowsPerInsert) await flush();
  }
  await flush();
}

/** Makes the table, or adds our columns to one that the original service made; drops nothing. */
export async function ensureTable(database: Kysely<Tables>): Promise<void> {
  let create = database.schema
    .createTable('fish_data')
    .ifNotExists()
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('species_label', 'varchar(255)', (column) => column.notNull())
    .addColumn('file_name', 'varchar(255)', (column) => column.notNull())
    .addColumn('url_s3', 'varchar(2048)', (column) => column.notNull())
    .addColumn('split', 'varchar(16)', (column) => column.notNull())
    .addColumn('insert_date', 'varchar(32)', (column) => column.notNull());
  for (const [name, type] of Object.entries(ownColumns)) create = create.addColumn(name, type);
  await create.execute();

  const tables = await database.introspection.getTables();
  const present = tables.find((table) => table.name === 'fish_data')?.columns ?? [];
  for (const [name, type] of Object.entries(ownColumns)) {
    if (present.some((column) => column.name === name)) continue;
    await database.schema.alterTable('fish_data').addColumn(name, type).execute();
  }
}
