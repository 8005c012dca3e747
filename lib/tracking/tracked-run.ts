import { codeOf, messageOf } from '../errors.js';
import type { Model } from '../model/model-file.js';
import type { GillnetEvent } from '../pipeline/events.js';
import type { Run } from '../runs.js';
import type { Warn } from '../server.js';
import type { Store } from '../store/store.js';
import { type ArtifactRoot, artifactRootAt } from './artifacts.js';
import type { Batch } from './batch.js';
import type { Bookmark } from './bookmark.js';
import type { Delivery } from './delivery.js';
import { findModel, isReady, logModel } from './logged-model.js';
import { modelFolder } from './model-folder.js';
import { register } from './registered-model.js';
import { logDataset, type RemoteRun, setStatus } from './remote-run.js';

/** Of a run's folder, what its page is to show, where it is there. */
const files = [
  ...['report.html', 'metrics.json', 'confusion.csv', 'guard.json', 'doubt.json'],
  ...['config.json', 'photos.json'],
];

/** Opens what a run names. */
export interface Places {
  /** @throws GillnetError NOT_FOUND, UNREACHABLE and others of stores and model files */
  model(saved: GillnetEvent<'saved'>): Promise<{ bytes: Buffer; model: Model }>;
  /** In Markdown; null where it has none. @throws as `model` does */
  card(saved: GillnetEvent<'saved'>): Promise<string | null>;
  /** Opens `s3://bucket/prefix`. */
  bucket(location: string): Promise<Store>;
}

/** What a server is told of, and with what. */
export interface TrackedRunOptions {
  run: Run;
  /** Moved on as the server takes what it is told. */
  bookmark: Bookmark;
  places: Places;
  warn: Warn;
  /** Told when something has arrived, and before a file of so many bytes is sent. */
  onProgress: (bytes: number) => void;
}

/** A run as its server has it. */
export class TrackedRun {
  #remote: RemoteRun;
  #given: TrackedRunOptions;
  #models = new Map<string, string | null>();

  constructor(remote: RemoteRun, options: TrackedRunOptions) {
    this.#remote = remote;
    this.#given = options;
  }

  async log({ body }: Batch): Promise<void> {
    const { client, id } = this.#remote;
    await client.send('runs/log-batch', { run_id: id, ...body });
  }

  /** @throws GillnetError the client's, and of places that can't be reached now */
  async take(delivery: Exclude<Delivery, { kind: 'log' }>): Promise<void> {
    const { data } = this.#given.bookmark;
    switch (delivery.kind) {
      case 'begin':
        return setStatus(this.#remote, 'RUNNING');
      case 'dataset':
        return logDataset(this.#remote, data, delivery.fingerprint, delivery.photos);
      case 'model':
        return this.#takeModel(delivery);
      case 'end':
        await this.#putFiles(delivery.saved);
        if (delivery.saved && delivery.status === 'FINISHED') await this.#register(delivery.saved);
        return setStatus(this.#remote, delivery.status, delivery.time);
    }
  }

  /** MLflow's id of a model of the run; null where it has not got it. */
  async modelId({ sha256 }: GillnetEvent<'saved'>): Promise<string | null> {
    const known = this.#models.get(sha256);
    if (known !== undefined) return known;
    const found = (await findModel(this.#remote, sha256))?.model_id ?? null;
    this.#models.set(sha256, found);
    return found;
  }

  async #takeModel(delivery: Delivery & { kind: 'model' }): Promise<void> {
    const { saved } = delivery;
    await this.#unlessMissing(`the model ${saved.model}`, async () => {
      const kept = await this.#given.places.model(saved);
      const id = await logModel(
        this.#remote,
        delivery,
        (uri) => this.#rootAt(uri),
        ({ id: modelId, uri }) =>
          modelFolder({ ...kept, saved, modelId, uri, runId: this.#remote.id }),
      );
      this.#models.set(saved.sha256, id);
    });
  }

  async #putFiles(saved: GillnetEvent<'saved'> | null): Promise<void> {
    const { run, places } = this.#given;
    await this.#unlessMissing('the files of the run', async () => {
      const root = await this.#rootAt(this.#remote.artifactUri);
      for (const name of files) {
        const body = await run.read(name);
        // MLflow's server takes no empty ones.
        if (body?.length) await root.put(name, body);
      }
      const card = saved && (await places.card(saved));
      if (card) await root.put('model-card.md', Buffer.from(card));
    });
  }

  async #register(saved: GillnetEvent<'saved'>): Promise<void> {
    const { bookmark, places } = this.#given;
    const { model, sha256 } = saved;
    const logged = await findModel(this.#remote, sha256);
    if (!logged || !isReady(logged)) return;
    const card = await places.card(saved).catch(() => null);
    const given = { model, sha256, modelId: logged.model_id, card };
    await register(this.#remote, bookmark.experiment, given);
  }

  async #rootAt(uri: string): Promise<ArtifactRoot> {
    const { places, onProgress } = this.#given;
    const root = await artifactRootAt(uri, this.#remote.client, places.bucket);
    return {
      async put(name, body) {
        onProgress(body.length);
        await root.put(name, body);
        onProgress(0);
      },
    };
  }

  /** What is gone for good is told and left out; what can't be reached now must wait. */
  async #unlessMissing(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!['NOT_FOUND', 'BAD_MODEL_FILE', 'CHANGED', 'USAGE'].includes(codeOf(error))) throw error;
      const { warn } = this.#given;
      warn('MLFLOW_ARTIFACTS', `MLflow is not given ${what}: ${messageOf(error)}`);
    }
  }
}
