import type { GillnetEvent } from '../pipeline/events.js';
import type { Delivery, Entry, Logged, Point } from './delivery.js';
import { epochPoints, evaluationPoints, loadPoints, pointsAt, stepPoints } from './figures.js';
import { tag } from './keys.js';
import { type Config, guardTags, originTags, paramsOf } from './parameters.js';

/**
 * What a tracking server is told of a run, event by event from its first. The same log gives the same deliveries, so
 * that one that was perhaps not heard can be told again.
 */
export class Translation {
  /** The last step that each metric has a point of. */
  #last = new Map<string, number>();
  #samples = 0;
  /** The last that is done: where what is told once stands in charts. */
  #epoch = 0;
  #begun = false;
  /** As they were told first. */
  #params: Entry[] = [];
  #best: { epoch: number; points: Point[] } = { epoch: 0, points: [] };
  #saved: GillnetEvent<'saved'> | null = null;

  /** @param config the run's, once it has `started` */
  take(event: GillnetEvent, config: Config): Delivery[] {
    switch (event.type) {
      case 'guarded':
        return [log({ tags: guardTags(event) })];
      case 'doubted':
        return [log({ tags: [tag('gillnet.doubted_labels', event.found)] })];
      case 'started':
        return this.#start(event, config);
      case 'step':
        return this.#points(stepPoints(event));
      case 'system':
        this.#samples += 1;
        return this.#points(loadPoints(event, this.#samples));
      case 'epoch': {
        const points = epochPoints(event);
        this.#epoch = event.epoch;
        if (event.best) this.#best = { epoch: event.epoch, points };
        return this.#points(points);
      }
      case 'calibrated':
        return this.#points(pointsAt(event, this.#epoch, { temperature: event.temperature }));
      case 'quantized':
        return this.#points(pointsAt(event, this.#epoch, { int8_val_accuracy: event.valAccuracy }));
      case 'saved':
        return this.#save(event);
      case 'evaluated':
        return this.#points(evaluationPoints(event, this.#epoch), this.#saved);
      case 'done': {
        const figures = { best_val_accuracy: event.valAccuracy, seconds: event.seconds };
        return [
          ...this.#points(pointsAt(event, this.#epoch, figures)),
          log({ tags: [tag('gillnet.leaks', event.leaks)] }),
          this.end(event.interrupted ? 'KILLED' : 'FINISHED', event.time),
        ];
      }
      case 'error': {
        // Those that name a photo are told on the way.
        if (event.photo !== undefined) return [];
        const tags = [tag('gillnet.error', `${event.code}: ${event.message}`)];
        const status = event.code === 'INTERRUPTED' ? 'KILLED' : 'FAILED';
        return [log({ tags }), this.end(status, event.time)];
      }
      default:
        return [];
    }
  }

  /** The end of a run. @param time ISO 8601 */
  end(status: 'FINISHED' | 'FAILED' | 'KILLED', time: string): Delivery {
    return { kind: 'end', status, time: Date.parse(time), saved: this.#saved };
  }

  #start(event: GillnetEvent<'started'>, config: Config): Delivery[] {
    const again = this.#begun;
    this.#begun = true;
    // MLflow's parameters never change: what a run has otherwise when it goes on, such as threads, its tags tell.
    const told = new Set(this.#params.map(({ key }) => key));
    const params = paramsOf(event, config).filter(({ key }) => !told.has(key));
    this.#params = [...this.#params, ...params];
    const { dataFingerprint: fingerprint, trainPhotos: train, valPhotos: val } = event;
    return [
      ...(again ? [{ kind: 'begin' } as const] : []),
      log({ params, tags: originTags(event, config) }),
      { kind: 'dataset', fingerprint, photos: { train, val } },
    ];
  }

  #save(saved: GillnetEvent<'saved'>): Delivery[] {
    this.#saved = saved;
    const { epoch, points } = this.#best;
    const tags = [tag('gillnet.model', saved.model), tag('gillnet.sha256', saved.sha256)];
    return [
      log({ tags }),
      { kind: 'model', saved, epoch, params: this.#params },
      log({ points, of: saved }),
    ];
  }

  /**
   * Of the points those that the run has not told yet: a resumed one does again what came after its checkpoint, and
   * comes to the same.
   * @param of the model that they judge
   */
  #points(points: Point[], of: GillnetEvent<'saved'> | null = null): Delivery[] {
    const fresh = points.filter(({ key, step }) => step > (this.#last.get(key) ?? -1));
    for (const { key, step } of fresh) this.#last.set(key, step);
    return fresh.length > 0 ? [log({ points: fresh, ...(of && { of }) })] : [];
  }
}

function log(given: Partial<Logged>): Delivery {
  return { kind: 'log', points: [], params: [], tags: [], ...given };
}
