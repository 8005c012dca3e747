import type { Settings } from '../config.js';
import { codeOf, GillnetError, messageOf } from '../errors.js';
import type { Control, Face } from '../faces/face.js';
import { faceMode, openFace } from '../faces/open-face.js';
import { rankFace } from '../faces/rank-lines.js';
import { Inbox } from '../inbox.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import type { Answers } from '../pipeline/proposal.js';
import { Requests } from '../pipeline/requests.js';
import { placementOf } from '../ranks/placement.js';
import type { Warn } from '../server.js';

/** What a command's stages get besides their settings. */
export interface Context {
  signal: AbortSignal;
  /** Tells what stops nothing, from wherever it is noticed. */
  warn: Warn;
  /** Tells what happens beside the stages. */
  tell(event: GillnetEvent): void;
  /** What the person asks of a training. */
  requests: Requests;
  /** How the person wants to train; null where nobody is there to be asked. */
  answers: Answers | null;
  /** Adds a reader, such as a run's log once its folder is there. It is told first what happened before. */
  addReader(reader: Face): void;
  /** Adds what is to be done once the record of the run is whole, however it ends. */
  atEnd(work: () => Promise<void>): void;
}

/**
 * `training`: other ranks may take part in it. `watch`: the events are another process's, whose end is no failure of this
 * one. `serve`: there is no end, so that no run is recorded and nothing is remembered; plain lines are enough.
 */
export type Kind = 'stages' | 'training' | 'watch' | 'serve';

export type Stages = (
  settings: Settings,
  context: Context,
) => AsyncGenerator<GillnetEvent, unknown>;

/**
 * Runs stages and hands each event to its readers. A reader that throws is told of once and dropped:
 * nothing that looks on can break the run.
 * @returns the exit status
 */
export async function drive(
  settings: Settings,
  stages: Stages,
  kind: Kind = 'stages',
): Promise<number> {
  const watching = kind === 'watch';
  const rank = (kind === 'training' && placementOf()?.rank) || 0;
  /** Elsewhere no reader comes behind the face. */
  const remembers = !watching && kind !== 'serve' && rank === 0;
  const abort = new AbortController();
  const interrupted = (cause?: string) =>
    new GillnetError('INTERRUPTED', 'Stopped before the work was done.', { cause });
  let face: Face | null = null;
  const readers = new Set<Face>();
  const atEnd: (() => Promise<void>)[] = [];
  /** What was told while nobody but the face read. */
  const before: GillnetEvent[] = [];
  const closeAll = async () => {
    const close = async (reader: Face) => {
      readers.delete(reader);
      await reader.close?.().catch(tellFailed);
    };
    // The face last: it shows what goes wrong as another closes.
    for (const reader of readers) if (reader !== face) await close(reader);
    for (const work of atEnd.splice(0)) await work().catch(tellFailed);
    for (const reader of readers) await close(reader);
  };
  /** @param by the signal that asks for it, where one does */
  const stop = (by?: string) => {
    if (!abort.signal.aborted) {
      abort.abort(interrupted(by));
    } else {
      recordEnd(interrupted(by));
      void closeAll().finally(() => process.exit(watching ? 0 : 130));
    }
  };
  const tell = (happened: GillnetEvent) => {
    if (readers.size === 1 && remembers) before.push(happened);
    for (const reader of readers) hand(reader, happened);
  };
  const tellFailed = (error: unknown) =>
    tell(event('warning', { code: 'READER_FAILED', message: messageOf(error) }));
  const hand = (reader: Face, happened: GillnetEvent) => {
    try {
      reader.read(happened);
    } catch (error) {
      readers.delete(reader);
      void reader.close?.().catch(() => {});
      tellFailed(error);
    }
  };

  /** For the run's own record; a person is told by the caller, once the screen is gone. */
  const recordEnd = (error: unknown) => {
    const shown = face && readers.delete(face) ? face : null;
    tell(event('error', { code: codeOf(error), message: messageOf(error) }));
    if (shown) readers.add(shown);
  };

  let warned = '';
  /** Data and models may stand on one server: what is said of it twice is told once. */
  const warn = (code: string, message: string) => {
    if (message !== warned) tell(event('warning', { code, message }));
    warned = message;
  };

  let exitCode = 0;
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    const requests = new Requests();
    const answers: Answers = new Inbox();
    const mode = faceMode(kind === 'serve' || rank > 0 ? { ...settings, plain: true } : settings);
    const control: Control = {
      ...{ stop: () => stop(), watching },
      ask: (request) => requests.put(request),
      answer: (answer) => answers.put(answer),
      overhear: (text) => tell(event('output', { text })),
    };
    face =
      rank > 0 ? rankFace(rank, process.stderr) : await openFace(mode, control, settings.pictures);
    readers.add(face);
    const context: Context = {
      ...{ signal: abort.signal, warn, tell, requests },
      answers: mode === 'terminal' ? answers : null,
      atEnd: (work) => void atEnd.push(work),
      addReader(reader) {
        readers.add(reader);
        for (const happened of [...before]) if (readers.has(reader)) hand(reader, happened);
      },
    };
    for await (const happened of stages(settings, context)) {
      tell(happened);
      if (happened.type === 'error') exitCode = 2;
      const isEnd = happened.type === 'done' || happened.type === 'stopped';
      if (isEnd && happened.interrupted) exitCode = 130;
    }
    return watching ? 0 : exitCode;
  } catch (error) {
    recordEnd(error);
    throw error;
  } finally {
    await closeAll();
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
