import type { GillnetEvent } from '../../pipeline/events.js';
import type { Face } from '../face.js';
import { type RunRecord, reduce } from './record.js';

/** In a run's folder: what happened and what came of it, as one page for people. */
export const reportName = 'report.html';

export interface Report extends Face {
  /** What is known so far. */
  known(): RunRecord;
  /** Writes what is known so far. @param next what is about to be told @throws what keeping it throws */
  write(next?: GillnetEvent): Promise<void>;
}

/**
 * Gathers a run's events and writes them as a page when the run ends, in whatever way.
 * @param record of what came before, where the run is resumed
 * @param keep puts the page where it belongs, whole or not at all
 */
export function reportFace(record: RunRecord, keep: (page: string) => Promise<void>): Report {
  let known = record;
  const write = async (next?: GillnetEvent) => {
    // With its charts, which nobody else needs.
    const { renderReport } = await import('./page.js');
    await keep(renderReport(next ? reduce(known, next) : known));
  };
  return {
    known: () => known,
    read: (event) => {
      known = reduce(known, event);
    },
    write,
    close: () => write(),
  };
}
