import { codeOf, GillnetError, messageOf } from '../errors.js';
import type { Model } from '../model/model-file.js';
import type { GillnetEvent } from '../pipeline/events.js';
import type { Run } from '../runs.js';
import type { Warn } from '../server.js';
import type { Store } from '../store/store.js';
import { type ArtifactRoot, artifactRootAt } from './artifacts.js';
import type { Batch } from './batch.js';
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

/** What is told to the server's run, and with what. */
export interface TrackedRunOptions {
  run: Run;
  remote: RemoteRun;
  /** Names what its model is registered under. */
  experiment: string;
  /** Where its photos lie. */
  data: string;
  places: Places;
  warn: Warn;
  /** Told when a file has arrived, and before one of so many bytes is sent. */
  onFile: (bytes: number) => void;
}

/** A run as its server has it. */
export class TrackedRun {
  #given: TrackedRunOptions;
  #models = new Map<string, string | null>();

  constructor(options: TrackedRunOptions) {
    this.#given = options;
  }

  async log({ body }: Batch): Promise<void> {
    const { client, id } = this.#given.remote;
    await client.send('runs/log-batch', { run_id: id, ...body });
  }

  /** @throws GillnetError the client's, and of places that can't be reached now */
  async take(delivery: Exclude<Delivery, { kind: 'log' }>): Promise<void> {
    const { remote, data } = this.#given;
    switch (delivery.kind) {
      case 'begin':
        return setStatus(remote, 'RUNNING');
      case 'dataset':
        return logDataset(remote, data, delivery.fingerprint, delivery.photos);
      case 'model':
        return this.#takeModel(delivery);
      case 'end':
        await this.#putFiles(delivery.saved);
        if (delivery.saved && delivery.status === 'FINISHED') await this.#register(delivery.saved);
        return setStatus(remote, delivery.status, delivery.time);
    }
  }

  /** MLflow's id of a model of the run; null where it has not got it. */
  async modelId({ sha256 }: GillnetEvent<'saved'>): Promise<string | null> {
    const known = this.#models.get(sha256);
    if (known !== undefined) return known;
    const found = (await findModel(this.#given.remote, sha256))?.model_id ?? null;
    this.#models.set(sha256, found);
    return found;
  }

  async #takeModel(delivery: Delivery & { kind: 'model' }): Promise<void> {
    const { remote, places } = this.#given;
    const { saved } = delivery;
    await this.#unlessMissing(`the model ${saved.model}`, async () => {
      const kept = await places.model(saved);
      const id = await logModel(
        remote,
        delivery,
        (uri) => this.#rootAt(uri),
        ({ id: modelId, uri }) =>
          modelFolder({
            ...{ ...kept, name: saved.model, sha256: saved.sha256, modelId, uri },
            ...{ runId: remote.id, createdAt: saved.time },
          }),
      );
      this.#models.set(saved.sha256, id);
    });
  }

  async #putFiles(saved: GillnetEvent<'saved'> | null): Promise<void> {
    const { run, remote, places } = this.#given;
    await this.#unlessMissing('the files of the run', async () => {
      const root = await this.#rootAt(remote.artifactUri);
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
    const { remote, experiment, places } = this.#given;
    const { model, sha256 } = saved;
    const logged = await findModel(remote, sha256);
    if (!logged || !isReady(logged)) return;
    const card = await places.card(saved).catch(() => null);
    await register(remote, experiment, { model, sha256, modelId: logged.model_id, card });
  }

  async #rootAt(uri: string): Promise<ArtifactRoot> {
    const { remote, places, onFile } = this.#given;
    const root = await artifactRootAt(uri, remote.client, places.bucket);
    if (!root) {
      throw new GillnetError(
        'NOT_FOUND',
        `MLflow keeps artifacts in ${uri}, where gillnet can't write: start it with --artifacts-destination and ` +
          '--serve-artifacts, or keep them in a bucket (s3://).',
      );
    }
    return {
      async put(name, body) {
        onFile(body.length);
        await root.put(name, body);
        onFile(0);
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
