import { setTimeout as pause } from 'node:timers/promises';
import { GillnetError, messageOf } from '../errors.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import { LoadedModel, type LoadOptions, type ModelToServe } from './loaded-model.js';

/** Where the model that is to be served is found. */
export interface ModelSource {
  /** Looks which one it is now, without reading it. @throws GillnetError as `locateModel` does */
  find(): Promise<FoundModel>;
}

export interface FoundModel {
  /** Another one for another model, or other bytes under one name. */
  identity: string;
  name: string;
  read(): Promise<ModelToServe>;
}

export interface ServeOptions extends LoadOptions {
  source: ModelSource;
  /** Seconds between two looks at the source. */
  interval: number;
  /** Whether it sees what another one answers; default false. */
  shadow?: boolean;
  /** Told when another model serves, and when that failed. */
  tell(event: GillnetEvent): void;
}

/**
 * The model that answers now. Another one takes over once it is ready, and the last one goes when its last photo is
 * answered; one that can't be used changes nothing.
 */
export class ServedModel {
  #options: ServeOptions;
  #current: LoadedModel;
  #identity: string;
  /** What failed for a reason that stays is not tried again. */
  #refused = '';
  /** What failed last: it is told once. */
  #failure = '';
  #ended = new AbortController();
  #following: Promise<void>;

  private constructor(options: ServeOptions, current: LoadedModel, identity: string) {
    this.#options = options;
    this.#current = current;
    this.#identity = identity;
    this.#following = this.#follow();
  }

  /** @throws GillnetError where there is no model that can be used */
  static async start(options: ServeOptions): Promise<ServedModel> {
    const found = await options.source.find();
    const current = await LoadedModel.of(await found.read(), options);
    return new ServedModel(options, current, found.identity);
  }

  /** The model that serves; whoever uses it beyond this turn of the event loop calls `use()` and `release()`. */
  get current(): LoadedModel {
    return this.#current;
  }

  /** Looks once whether another model is to be served. Nothing is thrown. */
  async refresh(): Promise<void> {
    const { source, tell, shadow = false } = this.#options;
    let identity = '';
    try {
      const found = await source.find();
      identity = found.identity;
      if (identity === this.#identity) this.#failure = '';
      if (identity === this.#identity || identity === this.#refused) return;
      const next = await LoadedModel.of(await found.read(), this.#options);
      const { name: before } = this.#current;
      this.#current.release();
      [this.#current, this.#identity, this.#refused, this.#failure] = [next, identity, '', ''];
      tell(event('served', { model: next.name, sha256: next.sha256, before, shadow }));
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      if (error instanceof GillnetError && error.exitCode === 2) this.#refused = identity;
      const how = shadow ? 'in the shadow' : 'serving';
      const message = `${this.#current.name} goes on ${how}: ${messageOf(error)}`;
      if (message !== this.#failure) tell(event('warning', { code: 'NOT_SERVED', message }));
      this.#failure = message;
    }
  }

  /** Ends looking for others, and lets go of the model. */
  async end(): Promise<void> {
    this.#ended.abort();
    await this.#following;
    this.#current.release();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      await pause(1000 * this.#options.interval, undefined, { signal, ref: false }).catch(() => {});
      if (!signal.aborted) await this.refresh();
    }
  }
}
