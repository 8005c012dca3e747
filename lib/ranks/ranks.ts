import { once } from 'node:events';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf, GillnetError, isErrorCode, messageOf } from '../errors.js';
import type { Classifier } from '../model/classifier.js';
import {
  loadAddon,
  type NativeBatch,
  type NativeProcessGroup,
  type NativeStepOptions,
  type NativeTrained,
  told,
  toldLater,
} from '../native.js';
import type { Placement } from './placement.js';

/** Processes are started one after the other, and may have an image to fetch first. */
const joiningTakes = 5;
/** For the others to find out who was lost. */
const partingSeconds = 5;
/** Between two looks at what another rank leaves in the store: quick at first, as most is there soon. */
const lookMilliseconds = { first: 20, last: 500 };

/**
 * The processes of one training, over `NativeProcessGroup`. What lasts long on one rank, the others wait for in the store,
 * with no other limit than that it lives; everything else all do together, in one order, within the time-out.
 */
export class Ranks {
  readonly rank: number;
  readonly size: number;
  #native: NativeProcessGroup;
  readonly placement: Placement;
  #seconds: number;

  private constructor(native: NativeProcessGroup, placement: Placement, seconds: number) {
    this.#native = native;
    this.placement = placement;
    this.#seconds = seconds;
    this.rank = placement.rank;
    this.size = placement.size;
  }

  /**
   * Comes to where the ranks meet; the others may come later, or be there already.
   * @param seconds time-out of each operation; rank 0 is waited for five times as long
   * @throws GillnetError RANK_LOST, USAGE where LibTorch can't do it, and the signal's reason
   */
  static async join(
    placement: Placement,
    { seconds, signal }: { seconds: number; signal: AbortSignal },
  ): Promise<Ranks> {
    const { ProcessGroup } = loadAddon();
    if (!ProcessGroup) {
      throw new GillnetError(
        'USAGE',
        `WORLD_SIZE is ${placement.size}, and this LibTorch was built without c10d and Gloo, by which several ranks train ` +
          'together. Unset WORLD_SIZE to train in one process, or take the LibTorch of Linux.',
      );
    }
    if (!placement.hosts) await reachable(placement, joiningTakes * seconds, signal);
    const native = told(() => new ProcessGroup({ ...placement, seconds }));
    const ranks = new Ranks(native, placement, seconds);
    await ranks.leaveWord(`joined/${placement.rank}`, `${hostname()}, process ${process.pid}`);
    return ranks;
  }

  /** Whether this is rank 0, which leads: it alone writes, draws, and decides what the others do. */
  get leads(): boolean {
    return this.rank === 0;
  }

  /** Waits for all to have come, and connects them. @throws GillnetError RANK_LOST that names who is missing */
  async connect(signal: AbortSignal): Promise<void> {
    const limit = joiningTakes * this.#seconds;
    const until = performance.now() + limit * 1000;
    const missing = new Set(Array.from({ length: this.size }, (_, rank) => rank));
    for (;;) {
      for (const rank of missing) {
        if ((await this.#look(`joined/${rank}`)) !== null) missing.delete(rank);
        const reason = await this.#look(`ended/${rank}`);
        if (reason) throw lost(`Rank ${rank} of ${this.size} has ended: ${reason}`);
      }
      if (missing.size === 0) break;
      signal.throwIfAborted();
      if (performance.now() > until) {
        const names = [...missing].map((rank) => `rank ${rank}`).join(', ');
        const { host, port } = this.placement;
        throw lost(
          `Of ${this.size} ranks ${names} did not come to ${host}:${port} within ${limit} s. ` +
            'Each needs the same WORLD_SIZE, MASTER_ADDR and MASTER_PORT, and a RANK of its own; ' +
            '`--rank-timeout` sets a fifth of this time',
        );
      }
      await pause(lookMilliseconds.last / 2);
    }
    await toldLater(this.#native.connect());
  }

  /** Leaves something in the store for those who wait for it. */
  leaveWord(key: string, text: string): Promise<void> {
    return toldLater(this.#native.put(key, Buffer.from(text)));
  }

  /**
   * What is left under this key, however long it takes, as long as rank 0 lives.
   * @throws GillnetError what rank 0 ended with, where it has ended before; RANK_LOST, and the signal's reason
   */
  async word(key: string, signal?: AbortSignal): Promise<string> {
    let beat: string | null = null;
    let heard = performance.now();
    let wait = lookMilliseconds.first;
    for (;;) {
      const text = await this.#look(key);
      if (text !== null) return text;
      if (key !== outcomeKey) await this.#throwOutcome();
      const now = await this.#look('beat/0');
      if (now !== beat) [beat, heard] = [now, performance.now()];
      const limit = beat === null ? joiningTakes * this.#seconds : this.#seconds;
      if (performance.now() - heard > limit * 1000) {
        throw lost(`Rank 0 of ${this.size} has not been heard of for ${limit} s`);
      }
      await pause(wait, undefined, { signal }).catch(() => signal?.throwIfAborted());
      wait = Math.min(lookMilliseconds.last, wait * 1.5);
    }
  }

  /** Says how rank 0 ended; of it alone, and last. */
  async end(outcome: Outcome): Promise<void> {
    await this.leaveWord(outcomeKey, JSON.stringify(outcome));
    // Of those who have failed with it, one may never leave.
    await this.#seeOff('code' in outcome ? Math.min(this.#seconds, partingSeconds) : this.#seconds);
  }

  /** How rank 0 ended. @throws as `word` does */
  async outcome(signal?: AbortSignal): Promise<Outcome> {
    const outcome = JSON.parse(await this.word(outcomeKey, signal)) as Outcome;
    if ('code' in outcome) throw errorOf(outcome);
    return outcome;
  }

  /** Rank 0's bytes. */
  broadcast(bytes: Uint8Array): Promise<Uint8Array> {
    return toldLater(this.#native.broadcast(bytes));
  }

  /** What rank 0 gives; of the others' nothing is taken. It has to fit into JSON. */
  async first<T>(value: T): Promise<T> {
    const bytes = await this.broadcast(this.leads ? Buffer.from(JSON.stringify(value)) : nothing);
    return JSON.parse(Buffer.from(bytes).toString());
  }

  /** Each rank's bytes, of any length. */
  gather(bytes: Uint8Array): Promise<Uint8Array[]> {
    return toldLater(this.#native.gather(bytes));
  }

  /** As the classifier's own, with this rank's share of the batch. */
  trainStep(
    classifier: Classifier,
    share: NativeBatch,
    options: NativeStepOptions,
  ): Promise<NativeTrained> {
    return classifier.trainStep(share, options, this.#native);
  }

  /** Tells the others why this one ends. Nothing is thrown. */
  async fail(error: unknown): Promise<void> {
    const message = messageOf(error);
    const outcome = { code: codeOf(error), message };
    // First: the others look for it once their connections have ended.
    if (this.leads) await this.leaveWord(outcomeKey, JSON.stringify(outcome)).catch(() => {});
    await this.#native.fail(message).catch(() => {});
    if (this.leads) await this.end(outcome).catch(() => {});
  }

  /** An error of this rank, or that of rank 0 which it follows from. */
  async cause(error: unknown): Promise<unknown> {
    if (this.leads || codeOf(error) !== 'RANK_LOST') return error;
    return this.#throwOutcome().then(
      () => error,
      (outcome) => (codeOf(outcome) === 'RANK_LOST' ? error : outcome),
    );
  }

  /** Ends the connections. */
  async leave(): Promise<void> {
    if (!this.leads) await this.leaveWord(`left/${this.rank}`, '').catch(() => {});
    this.#native.leave();
  }

  /** Waits for the others to have read what was left for them. */
  async #seeOff(seconds: number): Promise<void> {
    const until = performance.now() + seconds * 1000;
    for (let rank = 1; rank < this.size; rank += 1) {
      const came = (await this.#look(`joined/${rank}`)) !== null;
      const gone = async () =>
        (await this.#look(`left/${rank}`)) ?? (await this.#look(`ended/${rank}`));
      while (came && (await gone()) === null && performance.now() < until) await pause(50);
    }
  }

  async #throwOutcome(): Promise<void> {
    const text = await this.#look(outcomeKey);
    if (text === null) return;
    const outcome = JSON.parse(text) as Outcome;
    if ('code' in outcome) throw errorOf(outcome);
    throw new GillnetError('INTERRUPTED', 'Rank 0 has ended before the work was done.');
  }

  async #look(key: string): Promise<string | null> {
    const bytes = await toldLater(this.#native.look(key));
    return bytes && Buffer.from(bytes).toString();
  }
}

/** How rank 0 ended: with an error's code, or without one. */
export type Outcome = { code: string; message: string } | { interrupted: boolean };

function errorOf({ code, message }: { code: string; message: string }): Error {
  return isErrorCode(code) ? new GillnetError(code, message) : new Error(message);
}

/** Where rank 0 says how it ended. */
const outcomeKey = 'outcome';
const nothing = new Uint8Array();

function lost(message: string): GillnetError {
  return new GillnetError('RANK_LOST', `${message}.`);
}

/** Waits until the store can be reached: c10d's own waiting can't be interrupted. */
async function reachable(
  { host, port, size }: Placement,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + seconds * 1000;
  for (;;) {
    signal.throwIfAborted();
    const socket = connect({ host, port, timeout: 5000 });
    try {
      socket.once('timeout', () => socket.destroy(new Error('no answer')));
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (performance.now() > until) {
        const { code } = error as NodeJS.ErrnoException;
        throw lost(
          `Rank 0 of ${size} did not open ${host}:${port} (MASTER_ADDR, MASTER_PORT) within ${seconds} s ` +
            `(${code ?? messageOf(error)})`,
        );
      }
    } finally {
      socket.destroy();
    }
    await pause(200);
  }
}
