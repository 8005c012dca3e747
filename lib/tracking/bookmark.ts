import { GillnetError } from '../errors.js';
import type { Owner } from '../files.js';
import type { Run } from '../runs.js';

/** In a run's folder: to which server it is told, and how far of its log that has come. No credentials stand there. */
const bookmarkName = 'mlflow.json';

/** Where none is named. */
export const defaultExperiment = 'gillnet';

export interface Bookmark {
  /** The server's address. */
  server: string;
  experiment: string;
  /** By which the server's run is known again; gillnet's own name of a run is unique in its folder alone. */
  key: string;
  /** Tags of a run at its beginning that its log does not tell. */
  tags: Record<string, string>;
  /** Where its photos lie. */
  data: string;
  /** Who trains, while it does. */
  process: Owner;
  /** Lines of the log that the server has taken. */
  lines: number;
  /** The log has an end, and the server knows it. */
  complete: boolean;
}

/** Null for a run that no server was to be told of. @throws GillnetError IO, DAMAGED */
export async function readBookmark(run: Run): Promise<Bookmark | null> {
  const body = await run.read(bookmarkName);
  if (!body) return null;
  try {
    const bookmark: Bookmark = JSON.parse(body.toString());
    if (bookmark.server && bookmark.key && Number.isSafeInteger(bookmark.lines)) return bookmark;
  } catch {}
  throw new GillnetError(
    'DAMAGED',
    `${run.pathOf(bookmarkName)} is damaged. Delete it, and \`gillnet sync ${run.id} --mlflow URL\` tells the run anew.`,
  );
}

/** @throws GillnetError IO */
export function writeBookmark(run: Run, bookmark: Bookmark): Promise<void> {
  return run.write(bookmarkName, `${JSON.stringify(bookmark, null, 1)}\n`);
}
