import type { ArtifactRoot } from './artifacts.js';
import type { Delivery, Entry } from './delivery.js';
import { tag } from './keys.js';
import { hasOutput, type RemoteRun } from './remote-run.js';

export const modelTag = 'gillnet.model';
export const sha256Tag = 'gillnet.sha256';

type SavedModel = (Delivery & { kind: 'model' })['saved'];

interface LoggedModel {
  model_id: string;
  artifact_uri: string;
  status: string;
  creation_timestamp_ms: number;
}

/** The model as the server has it; null where it has none. Found by the content of its file. */
export async function findModel(run: RemoteRun, sha256: string): Promise<LoggedModel | null> {
  const { models = [] } = await run.client.send<{ models?: { info: LoggedModel }[] }>(
    'logged-models/search',
    {
      experiment_ids: [run.experiment],
      filter: `source_run_id = '${run.id}' AND tags.\`${sha256Tag}\` = '${sha256}'`,
      max_results: 1,
    },
  );
  return models[0]?.info ?? null;
}

/**
 * Logs a model as an output of its run, unless the server has all of it already.
 * @param epoch whose weights it has @param filesOf the files that it consists of, the last of which completes it
 * @returns its id
 */
export async function logModel(
  run: RemoteRun,
  { saved, epoch, params }: { saved: SavedModel; epoch: number; params: Entry[] },
  rootAt: (uri: string) => Promise<ArtifactRoot>,
  filesOf: (model: { id: string; uri: string }) => Map<string, Uint8Array>,
): Promise<string> {
  const model = (await findModel(run, saved.sha256)) ?? (await create());
  const { model_id: id, artifact_uri: uri, status } = model;
  if (!(await hasOutput(run, id))) {
    const models = [{ model_id: id, step: epoch }];
    await run.client.send('runs/outputs', { run_id: run.id, models });
  }
  if (status === 'LOGGED_MODEL_READY') return id;
  const root = await rootAt(uri);
  for (const [name, body] of filesOf({ id, uri })) await root.put(name, body);
  const ready = { model_id: id, status: 'LOGGED_MODEL_READY' };
  await run.client.send(`logged-models/${id}`, ready, 'PATCH');
  return id;

  async function create(): Promise<LoggedModel> {
    const answer = await run.client.send<{ model: { info: LoggedModel } }>('logged-models', {
      ...{ experiment_id: run.experiment, name: 'model', model_type: 'image-classifier' },
      ...{ source_run_id: run.id, params },
      tags: [tag(modelTag, saved.model), tag(sha256Tag, saved.sha256)],
    });
    return answer.model.info;
  }
}
