import { argmax } from '../metrics/softmax.js';
import { Classifier } from '../model/classifier.js';
import type { Model, ModelDescription } from '../model/model-file.js';
import type { NativeDevice } from '../native.js';
import type { ActivationMap } from '../photos/heat.js';
import { Batcher } from './batcher.js';
import type { Observer } from './observer.js';
import type { Reference } from './reference.js';

/** A model as it comes from where models are kept. */
export interface ModelToServe {
  model: Model & { name: string };
  /** Of its file. */
  sha256: string;
  /** When it was promoted, ISO 8601; null where it was not. */
  promotedAt: string | null;
  /** What it told of the photos that it was evaluated on; null where nothing is known of that. */
  reference: Reference | null;
}

export interface LoadOptions {
  int8: boolean;
  /** Default the processor. */
  device?: NativeDevice;
  /** Photos that the network sees at once. */
  batch: number;
  observer: Pick<Observer, 'batched'>;
}

/** What a network says of a photo. */
export interface Seen {
  /** float32 [classes] */
  logits: Float32Array;
  /** Of the class that has the highest logit; null where it wasn't asked for. */
  map: Promise<ActivationMap> | null;
}

interface Asked {
  /** uint8 [size, size, 3] */
  pixels: Uint8Array;
  explain: boolean;
}

/** A model in memory, for as long as someone uses it. */
export class LoadedModel {
  readonly name: string;
  readonly sha256: string;
  readonly promotedAt: string | null;
  readonly description: ModelDescription;
  readonly reference: Reference | null;
  /** ISO 8601 */
  readonly loadedAt = new Date().toISOString();
  readonly classifier: Classifier;
  #batcher: Batcher<Asked, Seen>;
  #users = 1;

  private constructor(
    { model, sha256, promotedAt, reference }: ModelToServe,
    classifier: Classifier,
    { batch, observer }: LoadOptions,
  ) {
    this.name = model.name;
    this.sha256 = sha256;
    this.promotedAt = promotedAt;
    this.description = model.description;
    this.reference = reference;
    this.classifier = classifier;
    this.#batcher = new Batcher(async (asked) => {
      const began = performance.now();
      const seen = await this.#see(asked);
      observer.batched(asked.length, (performance.now() - began) / 1000);
      return seen;
    }, batch);
  }

  /** Makes its network and lets it see a first photo, whose answer takes longer than those to come. @throws as `Classifier.of` */
  static async of(found: ModelToServe, options: LoadOptions): Promise<LoadedModel> {
    const classifier = await Classifier.of(found.model, options);
    try {
      const size = classifier.imageSize;
      const pixels = new Uint8Array(size * size * 3);
      await classifier.predict({ pixels, count: 1, height: size, width: size });
      return new LoadedModel(found, classifier, options);
    } catch (error) {
      classifier.dispose();
      throw error;
    }
  }

  /** Its memory stays until each user, who loaded it among them, has called `release`. */
  use(): this {
    this.#users += 1;
    return this;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.classifier.dispose();
  }

  /** @throws the signal's reason, and the addon's errors */
  see(photo: Asked, signal: AbortSignal): Promise<Seen> {
    return this.#batcher.submit(photo, signal);
  }

  async #see(asked: Asked[]): Promise<Seen[]> {
    const { classes } = this.classifier;
    const logits = await this.classifier.predict(this.#batchOf(asked));
    const rows = asked.map((_, index) =>
      logits.subarray(index * classes.length, (index + 1) * classes.length),
    );
    const maps = this.#explain(asked, rows);
    return rows.map((row, index) => ({ logits: row, map: maps(index) }));
  }

  /** Those photos alone that want it, behind the answers of all. */
  #explain(asked: Asked[], rows: Float32Array[]): (index: number) => Promise<ActivationMap> | null {
    const explained = asked.flatMap(({ explain }, index) => (explain ? [index] : []));
    if (explained.length === 0) return () => null;
    const batch = this.#batchOf(explained.map((index) => asked[index] as Asked));
    const labels = Int32Array.from(explained, (index) => argmax(rows[index] as Float32Array));
    const explanations = this.classifier.explain({ ...batch, labels });
    return (index) => {
      const place = explained.indexOf(index);
      if (place < 0) return null;
      const map = explanations.then(({ maps, rows: height, columns }) => ({
        values: maps.subarray(place * height * columns, (place + 1) * height * columns),
        ...{ rows: height, columns },
      }));
      // Nobody waits for it where its client has left.
      map.catch(() => {});
      return map;
    };
  }

  #batchOf(asked: Asked[]) {
    const size = this.classifier.imageSize;
    const [first] = asked as [Asked];
    const pixels =
      asked.length === 1 ? first.pixels : Buffer.concat(asked.map((one) => one.pixels));
    return { pixels, count: asked.length, height: size, width: size };
  }
}
