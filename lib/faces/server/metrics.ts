import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { RankedLabel } from '../../metrics/softmax.js';
import { Drift } from '../../serving/drift.js';
import type { LoadedModel } from '../../serving/loaded-model.js';
import type { Observer, ShadowAnswer } from '../../serving/observer.js';
import type { Predictor } from '../../serving/predictor.js';

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const tenths = Array.from({ length: 10 }, (_, index) => (index + 1) / 10);
const powersOfTwo = [1, 2, 4, 8, 16, 32, 64, 128];

/** What a server does, as Prometheus reads it; the process and its memory, native memory too, among it. */
export class Metrics implements Observer {
  readonly registry = new Registry();
  #drift = new Drift();
  #requests = this.#counter('requests_total', 'Requests', ['method', 'route', 'status']);
  #latency = this.#histogram('request_seconds', 'From a request to its answer', seconds, 'route');
  #batches = this.#histogram('batch_photos', 'Photos that the network saw at once', powersOfTwo);
  #computing = this.#histogram('batch_seconds', 'What the network took for a batch', seconds);
  #predictions = this.#counter('predictions_total', 'Photos that were answered', ['label', 'sure']);
  #confidences = this.#histogram('confidence', 'Of the labels that were told', tenths);
  #shadows = this.#counter('shadow_photos_total', 'Photos for the second model', ['outcome']);
  #differences = this.#histogram(
    ...(['shadow_confidence_difference', 'Of both models, in the label that was told'] as const),
    tenths,
  );

  #corrections = this.#counter('feedback_total', 'Photos whose label a person has told', ['label']);

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.#gauge(
      'drift',
      'Population stability index of the last 1000 predictions against those of the evaluation',
      ['of'],
      (gauge) => {
        gauge.reset();
        for (const [of, index] of Object.entries(this.#drift.indices() ?? {})) {
          gauge.set({ of }, index);
        }
      },
    );
  }

  /** Also tells how much waits in this core, and which model serves. */
  watch(predictor: Predictor): void {
    this.#gauge('waiting_photos', 'Photos that wait or are being answered', [], (gauge) =>
      gauge.set(predictor.waiting),
    );
    this.#gauge('model', 'The model that serves', ['name', 'sha256'], (gauge) => {
      gauge.reset();
      const { name, sha256 } = predictor.served.current;
      gauge.set({ name, sha256 }, 1);
    });
  }

  answered(request: { method: string; route: string; status: number }, taken: number): void {
    this.#requests.inc(request);
    this.#latency.observe({ route: request.route }, taken);
  }

  batched(photos: number, taken: number): void {
    this.#batches.observe(photos);
    this.#computing.observe(taken);
  }

  predicted(model: LoadedModel, told: RankedLabel & { sure: boolean }): void {
    this.#predictions.inc({ label: told.label, sure: String(told.sure) });
    this.#confidences.observe(told.confidence);
    this.#drift.note(model, told);
  }

  shadowed(outcome: ShadowAnswer | 'skipped' | 'failed'): void {
    if (typeof outcome === 'string') {
      this.#shadows.inc({ outcome });
    } else {
      this.#shadows.inc({ outcome: outcome.labelDiffers ? 'differs' : 'agrees' });
      this.#differences.observe(outcome.confidenceDifference);
    }
  }

  /** A person has told that a photo has this label. */
  corrected(label: string): void {
    this.#corrections.inc({ label });
  }

  #counter(name: string, help: string, labelNames: string[]) {
    return new Counter({ name: `gillnet_${name}`, help, labelNames, registers: [this.registry] });
  }

  #histogram(name: string, help: string, buckets: number[], ...labelNames: string[]) {
    const registers = [this.registry];
    return new Histogram({ name: `gillnet_${name}`, help, buckets, labelNames, registers });
  }

  #gauge(name: string, help: string, labelNames: string[], collect: (gauge: Gauge) => void) {
    return new Gauge({
      ...{ name: `gillnet_${name}`, help, labelNames, registers: [this.registry] },
      collect() {
        collect(this);
      },
    });
  }
}
