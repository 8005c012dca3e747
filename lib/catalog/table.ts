import { type Generated, type Kysely, sql } from 'kysely';
import { GillnetError } from '../errors.js';

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
  pixel_hash: string | null;
  fingerprint: Uint8Array | null;
  bytes: number | null;
  width: number | null;
  height: number | null;
  format: string | null;
}

export interface Tables {
  fish_data: FishData;
}

/** What databases say in different words. */
export interface Dialect {
  /** Follows the type of a text column that is compared byte for byte. */
  exact: string;
  /** Follows the table's columns. */
  options: string;
  /** Names of the table's columns; none where there is no table. */
  columns: () => Promise<string[]>;
}

/** Those that every version of the original service has. */
const original = ['id', 'species_label', 'file_name', 'url_s3', 'insert_date'];

/** Text of ours, which is compared byte for byte, by its length. */
const texts = { object_key: 1024, etag: 128, sha256: 64, pixel_hash: 64, format: 16 };
const others = { bytes: 'bigint', width: 'integer', height: 'integer', fingerprint: 'blob' };

/**
 * Makes the table with the original service's types, or adds what one that the service made lacks; drops
 * nothing. Ours may be null, so that the service's own INSERT goes on working.
 * @throws GillnetError CATALOG for a table of the same name that is another's
 */
export async function ensureTable(database: Kysely<Tables>, dialect: Dialect): Promise<void> {
  const own = Object.entries({
    ...Object.fromEntries(
      Object.entries(texts).map(([name, length]) => [name, `varchar(${length}) ${dialect.exact}`]),
    ),
    ...others,
  });
  let present = await dialect.columns();
  if (present.length === 0) {
    let create = database.schema
      .createTable('fish_data')
      .ifNotExists()
      .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
      .addColumn('species_label', 'varchar(100)', (column) => column.notNull())
      .addColumn('file_name', 'varchar(255)', (column) => column.notNull())
      .addColumn('url_s3', 'text', (column) => column.notNull())
      .addColumn('split', 'varchar(10)', (column) => column.notNull())
      .addColumn('insert_date', 'datetime', (column) => column.defaultTo(sql`CURRENT_TIMESTAMP`));
    for (const [name, type] of own) create = create.addColumn(name, sql.raw(type));
    await create.modifyEnd(sql.raw(dialect.options)).execute();
    present = await dialect.columns();
  }

  const strange = original.filter((name) => !present.includes(name));
  if (strange.length > 0) {
    throw new GillnetError(
      'CATALOG',
      `The database has a table fish_data without ${strange.join(', ')}: it is another program's. ` +
        'Give another database with `--catalog`.',
    );
  }
  // The service's first version had no splits.
  const added = [['split', "varchar(10) not null default 'train'"] as const, ...own];
  for (const [name, type] of added) {
    if (present.includes(name)) continue;
    try {
      await sql`alter table fish_data add column ${sql.ref(name)} ${sql.raw(type)}`.execute(
        database,
      );
    } catch (error) {
      // Another process may be taking the table over as well.
      if (!(await dialect.columns()).includes(name)) throw error;
    }
  }
}

/** True for a table to which `ensureTable` would do nothing. */
export function isComplete(columns: string[]): boolean {
  const all = [...original, 'split', ...Object.keys(texts), ...Object.keys(others)];
  return all.every((name) => columns.includes(name));
}
