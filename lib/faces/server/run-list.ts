import pLimit from 'p-limit';
import { beginning, followLines, type Position } from '../../follow.js';
import type { GillnetEvent } from '../../pipeline/events.js';
import { epochsAfter } from '../../pipeline/requests.js';
import { Run } from '../../runs.js';
import { endOf, eventLogName, loggedEvent } from '../event-log.js';
import { Life } from '../run-events.js';
import type { RunFacts } from './run-schemas.js';

const never = new AbortController().signal;

/** What is known of a run, and how far its log has been read. */
interface Known {
  facts: RunFacts | null;
  life: Life;
  read: Position;
}

/** The runs of a folder, each by what its log tells; of a log that grows only what is new is read. */
export class RunList {
  #folder: string;
  #known = new Map<string, Known>();
  /** One reads at a time: two would count the same lines. */
  #inTurn = pLimit(1);

  /** @param folder need not be there yet */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The newest runs that have told something, the newest first; one that can't be read does not hide the others. */
  async newest(limit: number): Promise<{ runs: RunFacts[]; more: boolean }> {
    return this.#inTurn(async () => {
      const runs: RunFacts[] = [];
      for (const run of (await Run.all(this.#folder)).reverse()) {
        const facts = await this.#factsOf(run).catch(() => null);
        if (!facts) continue;
        if (runs.length === limit) return { runs, more: true };
        runs.push(facts);
      }
      return { runs, more: false };
    });
  }

  /** A run that stands in the folder by this name and no other way; null where none does. */
  async find(id: string): Promise<Run | null> {
    const run = (await Run.all(this.#folder)).find((each) => each.id === id);
    return run && (await run.has(eventLogName)) ? run : null;
  }

  /** Null where its log tells nothing yet. @throws GillnetError IO */
  async facts(run: Run): Promise<RunFacts | null> {
    return this.#inTurn(() => this.#factsOf(run));
  }

  async #factsOf(run: Run): Promise<RunFacts | null> {
    if (!(await run.has(eventLogName))) return null;
    const known = this.#known.get(run.id) ?? { facts: null, life: new Life(), read: beginning };
    for await (const followed of followLines(run.pathOf(eventLogName), never, known.read)) {
      if (followed === 'waiting') break;
      const happened = loggedEvent(followed.line);
      if (happened) {
        known.life.note(happened);
        known.facts = factsAfter(known.facts ?? factsOfNone(run.id, happened), happened);
      }
      known.read = followed;
    }
    this.#known.set(run.id, known);
    const { facts, life, read } = known;
    return facts && { ...facts, state: stateOf(facts, life), events: read.number };
  }
}

function stateOf({ state }: RunFacts, life: Life): RunFacts['state'] {
  if (life.ended) return state;
  if (life.waiting) return 'waiting';
  return life.quiet() === null ? 'running' : 'quiet';
}

function factsOfNone(id: string, { time }: GillnetEvent): RunFacts {
  return {
    ...{ id, state: 'running', began: time, last: time, events: 0 },
    ...{ model: null, epoch: 0, epochs: null, best: null, classes: [], photos: null },
    ...{ recipe: null, device: null, dtype: null, saved: null, testAccuracy: null, error: null },
  };
}

function factsAfter(before: RunFacts, happened: GillnetEvent): RunFacts {
  const facts: RunFacts = { ...before, last: happened.time };
  switch (happened.type) {
    case 'started': {
      const { model, epochs, classes, recipe, device, dtype } = happened;
      const photos = { train: happened.trainPhotos, val: happened.valPhotos };
      return { ...facts, model, epochs, classes, photos, recipe, device, dtype, error: null };
    }
    case 'planned':
      return { ...facts, epochs: happened.epochs };
    case 'asked':
      return {
        ...facts,
        epochs: facts.epochs && epochsAfter(facts.epochs, happened, happened.epoch),
      };
    case 'resumed':
      // What was done after the checkpoint is done again.
      return {
        ...happened.history.reduce(factsAfter, { ...facts, epoch: 0, best: null }),
        last: happened.time,
      };
    case 'epoch': {
      const { epoch, epochs, valAccuracy, best } = happened;
      return { ...facts, epoch, epochs, best: best ? { epoch, valAccuracy } : facts.best };
    }
    case 'saved':
      return { ...facts, saved: happened.model };
    case 'evaluated':
      return { ...facts, testAccuracy: happened.accuracy };
    case 'done':
      return { ...facts, state: endOf(happened) };
    case 'error': {
      if (happened.photo !== undefined) return facts;
      const state = endOf(happened);
      return { ...facts, state, error: state === 'failed' ? happened.message : facts.error };
    }
    default:
      return facts;
  }
}
