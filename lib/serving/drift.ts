import { populationStability } from '../metrics/population-stability.js';
import { binCount, binOf } from '../metrics/reliability.js';
import type { RankedLabel } from '../metrics/softmax.js';
import type { LoadedModel } from './loaded-model.js';

/** The latest predictions that are looked at, and how few tell nothing. */
const [most, fewest] = [1000, 100];

/**
 * How far what a model tells now is from what it told of the photos that it was evaluated on: population stability
 * indices of its last 1,000 predictions.
 */
export class Drift {
  #model: LoadedModel | undefined;
  #latest: RankedLabel[] = [];
  /** Where the next one goes. */
  #place = 0;

  /** Of another model, it begins anew. */
  note(model: LoadedModel, { label, confidence }: RankedLabel): void {
    if (model !== this.#model) [this.#model, this.#latest, this.#place] = [model, [], 0];
    this.#latest[this.#place] = { label, confidence };
    this.#place = (this.#place + 1) % most;
  }

  /** Of confidences, and of labels; null for fewer than 100 predictions, or a model of whose evaluation nothing is known. */
  indices(): { confidences: number; labels: number } | null {
    const { reference, description } = this.#model ?? {};
    if (!reference || !description || this.#latest.length < fewest) return null;
    const confidences = countsOf(this.#latest, binCount, ({ confidence }) => binOf(confidence));
    const places = new Map(description.classes.map((label, index) => [label, index]));
    const labels = countsOf(this.#latest, places.size, ({ label }) => places.get(label) as number);
    return {
      confidences: populationStability(reference.confidences, confidences),
      labels: populationStability(reference.labels, labels),
    };
  }
}

function countsOf(all: RankedLabel[], bins: number, bin: (told: RankedLabel) => number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const told of all) counts[bin(told)] = (counts[bin(told)] ?? 0) + 1;
  return counts;
}
