import type { Classifier } from '../model/classifier.js';
import { readTorchFile } from '../model/formats/torch-file.js';
import { writeTorchFile } from '../model/formats/write-torch-file.js';
import type { NativeBatch, NativeState, NativeStepOptions, NativeTrained } from '../native.js';
import type { Ranks } from '../ranks/ranks.js';
import type { GillnetEvent } from './events.js';
import { type Request, Requests } from './requests.js';

export interface TogetherOptions {
  ranks: Ranks;
  /** What the person asks of rank 0. */
  requests: Requests;
  /** Asks to stop, on any rank. */
  signal: AbortSignal;
  /** Batch norms normalise by the photos of all ranks. */
  syncBatchNorm: boolean;
}

/** What rank 0 has decided between two batches, for all. */
interface Decision {
  requests: Request[];
  stop: boolean;
}

/**
 * A training on several ranks: what each does alone of the one training, and how they keep together. Whether anything is
 * asked travels with what each batch exchanges, so that a batch in which nothing is has no exchange of its own for it.
 */
export class Together {
  readonly ranks: Ranks;
  /** What all have agreed on: the training's own. */
  readonly requests = new Requests();
  #stop = new AbortController();
  /** Aborted on all ranks behind the same batch. */
  readonly signal: AbortSignal = this.#stop.signal;
  #asked: TogetherOptions;
  #isAsked = false;
  /** Waits for rank 0 so far, each under a key of its own. */
  #waits = 0;

  constructor(options: TogetherOptions) {
    this.ranks = options.ranks;
    this.#asked = options;
  }

  /** One step with this rank's share of the batch. */
  async trainStep(
    classifier: Classifier,
    batch: NativeBatch,
    options: NativeStepOptions,
  ): Promise<NativeTrained> {
    const { syncBatchNorm } = this.#asked;
    const asked = this.#asks() ? 1 : 0;
    const own = { ...options, syncBatchNorm, asked };
    const trained = await this.ranks.trainStep(classifier, batch, own);
    this.#isAsked = trained.asked > 0;
    return trained;
  }

  /** Each rank's bytes. */
  async gather(bytes: Uint8Array): Promise<Uint8Array[]> {
    const all = await this.ranks.gather(Buffer.concat([Buffer.of(this.#asks() ? 1 : 0), bytes]));
    this.#isAsked = all.some(([asked]) => asked === 1);
    return all.map((each) => each.slice(1));
  }

  /** Behind each batch: what is asked by then comes to all. */
  async agree(): Promise<void> {
    if (!this.#isAsked) return;
    this.#isAsked = false;
    const { signal } = this.#asked;
    // A stop may be asked of any rank; what else there is, of rank 0.
    const stops = await this.ranks.gather(Buffer.of(signal.aborted ? 1 : 0));
    const stop = stops.some(([asked]) => asked === 1);
    const taken = [...this.#asked.requests.all()];
    this.#follow(await this.ranks.first<Decision>({ requests: taken, stop }));
  }

  /** What rank 0 does alone, however long it takes; the others wait and get null. */
  async *alone<T>(
    work: () => AsyncGenerator<GillnetEvent, T>,
  ): AsyncGenerator<GillnetEvent, T | null> {
    this.#waits += 1;
    const key = `alone/${this.#waits}`;
    if (!this.ranks.leads) {
      await this.ranks.word(key);
      return null;
    }
    const result = yield* work();
    await this.ranks.leaveWord(key, '');
    return result;
  }

  /** Gives all ranks rank 0's network: of batch norms that are not synchronised each has statistics of its own. */
  async sameState(classifier: Classifier): Promise<void> {
    const own = this.ranks.leads ? encodeState(await classifier.state()) : new Uint8Array();
    const state = decodeState(await this.ranks.broadcast(own));
    if (!this.ranks.leads) await classifier.setState(state);
  }

  /** In a pause, until more is asked, on rank 0: as it has no end that is known, the others wait in the store. */
  async more(): Promise<void> {
    const { requests, signal } = this.#asked;
    this.#waits += 1;
    const key = `paused/${this.#waits}`;
    if (!this.ranks.leads) {
      this.#follow(JSON.parse(await this.ranks.word(key)));
      return;
    }
    await requests.more(signal);
    const decision = { requests: [...requests.all()], stop: signal.aborted };
    await this.ranks.leaveWord(key, JSON.stringify(decision));
    this.#follow(decision);
  }

  #asks(): boolean {
    const { signal, requests } = this.#asked;
    return signal.aborted || (this.ranks.leads && !requests.isEmpty);
  }

  #follow({ requests, stop }: Decision): void {
    for (const request of requests) this.requests.put(request);
    if (stop) this.#stop.abort();
  }
}

/** A state as bytes, in the format of checkpoints. */
export function encodeState(state: NativeState): Uint8Array {
  return writeTorchFile({ state, records: new Map() });
}

export function decodeState(bytes: Uint8Array): NativeState {
  return readTorchFile(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).state;
}
