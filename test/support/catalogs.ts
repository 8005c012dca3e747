import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Catalog, FingerprintedPhoto } from '../../lib/catalog/catalog.js';
import { openCatalog } from '../../lib/catalog/open.js';
import { ended, startModule } from './command.js';
import { photo } from './photos.js';

export async function rowsOf(
  connection: Connection,
  query: string,
  values: string[] = [],
): Promise<RowDataPacket[]> {
  return (await connection.query<RowDataPacket[]>(query, values))[0];
}

export async function make(database: string, root: Connection): Promise<void> {
  await root.query(`CREATE DATABASE ${database}`);
  await root.query(`USE ${database}`);
}

export async function withCatalog<T>(
  location: string,
  work: (catalog: Catalog) => Promise<T>,
): Promise<T> {
  const catalog = await openCatalog(location);
  try {
    return await work(catalog);
  } finally {
    await catalog.close();
  }
}

/** All photos of a catalog with their fingerprints, in its order. */
export async function fingerprintedIn(catalog: Catalog): Promise<FingerprintedPhoto[]> {
  const { photos, fingerprints } = await catalog.fingerprinted(0);
  const read = photos.map((photo) => ({
    ...photo,
    fingerprint: fingerprints.read(photo.fingerprint),
  }));
  fingerprints.close();
  return read;
}

/** `count` photos whose keys begin with `name`, in the catalog's order. */
export function photosNamed(name: string, count: number): FingerprintedPhoto[] {
  return Array.from({ length: count }, (_, index) =>
    photo({ key: `train/${name}/${String(index).padStart(7, '0')}.jpg`, label: name }),
  );
}

const head = `
  const { openCatalog } = await import('${new URL('../../lib/catalog/open.js', import.meta.url)}');
  const { photosNamed } = await import('${import.meta.url}');
  const [location, name] = process.argv.slice(1);
`;

/** Runs `source` as a module in a process of its own, with `openCatalog`, `photosNamed` and the arguments. */
export async function runProcess(source: string, ...args: string[]) {
  const { status, stdout, stderr, seconds } = await ended(startModule(head + source, args));
  return { code: status, output: (stdout + stderr).trim(), seconds };
}

/** The original service's table, with rows whose names ASCII does not hold. */
export const original = {
  columns: ['id', 'species_label', 'file_name', 'url_s3', 'split', 'insert_date'],
  create(options = '', split = 'split VARCHAR(10) NOT NULL,'): string {
    return `CREATE TABLE fish_data (
      id INT AUTO_INCREMENT PRIMARY KEY, species_label VARCHAR(100) NOT NULL,
      file_name VARCHAR(255) NOT NULL, url_s3 TEXT NOT NULL, ${split}
      insert_date DATETIME DEFAULT CURRENT_TIMESTAMP) ${options}`;
  },
  insert: 'INSERT INTO fish_data (species_label, file_name, url_s3, split) VALUES (?, ?, ?, ?)',
  rows: [
    [
      'Gold Fish',
      'img 1.jpg',
      'http://localhost:9000/dataset-fish/train/Gold Fish/img 1.jpg',
      'train',
    ],
    [
      'Schöne Äsche',
      'été.jpg',
      'http://localhost:9000/dataset-fish/test/Schöne Äsche/été.jpg',
      'test',
    ],
  ],
};
