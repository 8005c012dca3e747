import type { Logged } from './delivery.js';

/** What one request may hold: https://mlflow.org/docs/latest/api_reference/rest-api.html#request-limits */
const mostEntries = { metrics: 1000, params: 100, tags: 100 };
const mostTogether = 1000;
/** MLflow's limit is 1,000,000; the rest is for what stands around the entries. */
const mostBytes = 990_000;

type Part = keyof typeof mostEntries;

/** The body of a request of runs/log-batch, which is full before it is more than MLflow takes. */
export class Batch {
  readonly body: Record<Part, object[]> = { metrics: [], params: [], tags: [] };
  #count = 0;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** @returns false where there is no room left, and nothing was added */
  add(part: Part, entry: object): boolean {
    const bytes = Buffer.byteLength(JSON.stringify(entry)) + 1;
    const isFull =
      this.body[part].length === mostEntries[part] ||
      this.#count === mostTogether ||
      this.#bytes + bytes > mostBytes;
    if (isFull) return false;
    this.body[part].push(entry);
    this.#count += 1;
    this.#bytes += bytes;
    return true;
  }
}

/** What is logged, entry by entry. @param model id of the one that the points judge */
export function* entriesOf(
  { points, params, tags }: Logged,
  model: string | null,
): Generator<[Part, object]> {
  for (const each of params) yield ['params', each];
  for (const each of tags) yield ['tags', each];
  for (const { value, ...point } of points) {
    // JSON knows no NaN; MLflow reads it from a string.
    const told = Number.isFinite(value) ? value : String(value);
    yield ['metrics', { ...point, value: told, ...(model !== null && { model_id: model }) }];
  }
}
