import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventLogName } from '../../lib/faces/event-log.js';
import type { GillnetEvent } from '../../lib/pipeline/events.js';

/** Logs of runs, as a run itself leaves them. */

export const line = (happened: object) => `${JSON.stringify(happened)}\n`;

/** Leaves a run's log in its folder. @returns the log's path */
export function writeLog(runs: string, id: string, log: GillnetEvent[] | string): string {
  const file = path.join(runs, id, eventLogName);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, typeof log === 'string' ? log : log.map(line).join(''));
  return file;
}

/** All that the log of the newest run tells. */
export function readLog(runs: string): GillnetEvent[] {
  const newest = readdirSync(runs).sort().at(-1) ?? '';
  const lines = readFileSync(path.join(runs, newest, eventLogName), 'utf8')
    .trim()
    .split('\n');
  return lines.map((each) => JSON.parse(each));
}
