import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './suite.js';

export const sourceFolders = ['lib', 'native', 'scripts', 'test', 'bench'];

/** Files of a folder and below that people write, as paths from the root. */
export function sourcesIn(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|tsx|mjs|js|cc|h|py|go|css|html)$/.test(name))
    .map((name) => path.posix.join(folder, name.split(path.sep).join('/')))
    .sort();
}

/** @param file its path from the root */
export const contentOf = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** What a JSON file of test/fixtures holds. */
export const fixtureOf = <T>(file: string): T => JSON.parse(contentOf(`test/fixtures/${file}`));
