import { type Kysely, sql } from 'kysely';
import type { Limit } from './queries.js';
import { ensureTable, isComplete, type Tables } from './table.js';

/** What is known of the table: its columns have nothing where it is missing. */
export interface MysqlTable {
  columns: string[];
  limits: Map<string, Limit>;
  /** Digits of a second's fraction that `insert_date` keeps. */
  fraction: number;
  /** Whether transactions hold and every letter can be kept. */
  isSound: boolean;
}

interface Column {
  name: string;
  charset: string | null;
  characters: number | null;
  bytes: number | null;
  fraction: number | null;
}

/** Reads what the server knows of the table. */
async function describe(database: Kysely<Tables>): Promise<MysqlTable> {
  const { rows: columns } = await sql<Column>`
    select column_name as name, character_set_name as charset, datetime_precision as fraction,
      character_maximum_length as characters, character_octet_length as bytes
    from information_schema.columns
    where table_schema = database() and table_name = 'fish_data'`.execute(database);
  const { rows: tables } = await sql<{ engine: string }>`
    select engine as engine from information_schema.tables
    where table_schema = database() and table_name = 'fish_data'`.execute(database);
  return {
    columns: columns.map(({ name }) => name),
    limits: new Map(
      columns.flatMap(({ name, characters, bytes }): [string, Limit][] =>
        characters ? [[name, { characters: Number(characters), bytes: Number(bytes) }]] : [],
      ),
    ),
    fraction: Number(columns.find(({ name }) => name === 'insert_date')?.fraction ?? 0),
    isSound:
      tables.every(({ engine }) => engine === 'InnoDB') &&
      columns.every(({ charset }) => charset === null || charset === 'utf8mb4'),
  };
}

/** Makes the table, or takes over the original service's, and tells what it is then. */
export async function prepareTable(database: Kysely<Tables>): Promise<MysqlTable> {
  const before = await describe(database);
  // Whoever may only read finds nothing to be done.
  if (before.isSound && isComplete(before.columns)) return before;
  if (before.columns.length > 0 && !before.isSound) {
    await sql`alter table fish_data
      engine = InnoDB, row_format = dynamic, convert to character set utf8mb4`.execute(database);
  }
  await ensureTable(database, {
    exact: 'character set utf8mb4 collate utf8mb4_bin',
    options: 'engine = InnoDB default character set utf8mb4',
    columns: async () => (await describe(database)).columns,
  });
  return describe(database);
}
