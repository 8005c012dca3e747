import { endsRun, eventLogName, loggedEvent } from '../faces/event-log.js';
import { followLines } from '../follow.js';
import type { Run } from '../runs.js';
import { Batch, entriesOf } from './batch.js';
import { writeBookmark } from './bookmark.js';
import type { MlflowClient } from './client.js';
import type { Delivery, Logged } from './delivery.js';
import type { Config } from './parameters.js';
import { type RemoteRun, remoteRun } from './remote-run.js';
import { TrackedRun, type TrackedRunOptions } from './tracked-run.js';
import { Translation } from './translation.js';

/** Between two requests for a live run. */
const paceMilliseconds = 2000;

export interface SenderOptions extends TrackedRunOptions {
  client: MlflowClient;
  /** Ends it; what has no answer yet counts as not told. */
  signal: AbortSignal;
  /** Told when the server's run is found or made. */
  onRun: (remote: RemoteRun) => void;
  /**
   * Of a run that goes on, or was resumed, since so many milliseconds of the epoch: when its log and its folder have
   * all that they will have. Null where that is now.
   */
  live: { since: number; settled: Promise<void> } | null;
}

/** The server has no such run, of which it was to know some. */
class Unknown extends Error {}

/**
 * Tells a server what a run's log says, from the first line on that it has not taken yet, and all where it is another server,
 * or has lost what it was told.
 * @param asks whether the server knows of the run is to be found out in any case
 * @param isKilled the run's process is gone, so that the server's run ends where the log says no end
 * @throws GillnetError the client's, those of places that can't be reached, of the log; the signal's reason
 */
export async function tellAll(
  options: SenderOptions,
  { asks = false, isKilled = false } = {},
): Promise<void> {
  for (;;) {
    const sender = new Sender(options);
    try {
      await sender.send();
      if (asks) await sender.ask();
      if (isKilled) await sender.endKilled();
      return;
    } catch (error) {
      if (!(error instanceof Unknown)) throw error;
    }
  }
}

/** What was told without an answer is told again, which the server knows. */
class Sender {
  #given: SenderOptions;
  #translation = new Translation();
  #config: Config = {};
  #tracked: TrackedRun | null = null;
  #batch = new Batch();
  /** Of the bookmark, once the batch is told as well. */
  #told = { lines: 0, complete: false };
  #sentAt = 0;
  #lastTime: string | null = null;
  #isSettled: boolean;

  constructor(options: SenderOptions) {
    this.#given = options;
    this.#isSettled = options.live === null;
    void options.live?.settled.then(() => {
      this.#isSettled = true;
    });
  }

  /** Ends where the log does, once that is settled. @throws Unknown, and as `tellAll` does */
  async send(): Promise<void> {
    const { run, signal } = this.#given;
    for await (const followed of followLines(run.pathOf(eventLogName), signal)) {
      if (followed !== 'waiting') await this.#take(followed.line, followed.number);
      else if (this.#isSettled) break;
      else if (performance.now() - this.#sentAt > paceMilliseconds) await this.#flush();
    }
    signal.throwIfAborted();
    await this.#flush();
  }

  async ask(): Promise<void> {
    if (this.#lastTime !== null) await this.#connected(this.#lastTime);
  }

  /** @throws as `send` does */
  async endKilled(): Promise<void> {
    const { bookmark } = this.#given;
    if (bookmark.complete || this.#lastTime === null) return;
    const tracked = await this.#connected(this.#lastTime);
    await this.#deliver(tracked, this.#translation.end('KILLED', this.#lastTime));
    this.#told.complete = true;
    await this.#flush();
  }

  async #take(line: string, number: number): Promise<void> {
    const { run, bookmark, live } = this.#given;
    const event = loggedEvent(line);
    if (!event) return;
    const isNew = number > bookmark.lines;
    const isEnd = endsRun(event);
    this.#lastTime = event.time;
    if (event.type === 'started') this.#config = await configOf(run);
    if (isNew && isEnd && live && Date.parse(event.time) >= live.since) {
      await this.#flush();
      await live.settled;
    }
    const deliveries = this.#translation.take(event, this.#config);
    if (isNew) {
      const tracked = await this.#connected(event.time);
      for (const delivery of deliveries) await this.#deliver(tracked, delivery);
    }
    this.#told = { lines: number, complete: isEnd };
    if (isNew && deliveries.some(({ kind }) => kind !== 'log')) await this.#flush();
  }

  async #deliver(tracked: TrackedRun, delivery: Delivery): Promise<void> {
    if (delivery.kind === 'log') return this.#log(tracked, delivery);
    await this.#flush();
    await tracked.take(delivery);
    this.#given.onProgress(0);
  }

  async #log(tracked: TrackedRun, logged: Logged): Promise<void> {
    const model = logged.of ? await tracked.modelId(logged.of) : null;
    for (const [part, entry] of entriesOf(logged, model)) {
      if (this.#batch.add(part, entry)) continue;
      await this.#flush();
      this.#batch.add(part, entry);
    }
  }

  /** Tells what waits, and moves the bookmark on to behind it. */
  async #flush(): Promise<void> {
    const { run, bookmark, onProgress } = this.#given;
    if (!this.#batch.isEmpty) {
      await this.#tracked?.log(this.#batch);
      this.#batch = new Batch();
      this.#sentAt = performance.now();
      onProgress(0);
    }
    const { lines, complete } = this.#told;
    if (lines <= bookmark.lines && complete === bookmark.complete) return;
    Object.assign(bookmark, { lines: Math.max(bookmark.lines, lines), complete });
    await writeBookmark(run, bookmark);
  }

  /** @param began ISO 8601, of a run that is new there */
  async #connected(began: string): Promise<TrackedRun> {
    if (this.#tracked) return this.#tracked;
    const { run, bookmark, client, onRun } = this.#given;
    const remote = await remoteRun(client, bookmark, run.id, Date.parse(began));
    onRun(remote);
    if (remote.isNew && bookmark.lines > 0) {
      Object.assign(bookmark, { server: client.address, lines: 0, complete: false });
      await writeBookmark(run, bookmark);
      throw new Unknown();
    }
    this.#tracked = new TrackedRun(remote, this.#given);
    return this.#tracked;
  }
}

/** Nothing where the run has no config, or no whole one. */
async function configOf(run: Run): Promise<Config> {
  const body = await run.read('config.json');
  try {
    return Object(JSON.parse(body?.toString() ?? '{}'));
  } catch {
    return {};
  }
}
