import type { ArtifactRoot } from './artifacts.js';
import type { Connection } from './connection.js';
import type { Delivery, Entry } from './delivery.js';
import { tag } from './keys.js';
import { logOutput, type RemoteRun } from './remote-run.js';

export const modelTag = 'gillnet.model';
export const sha256Tag = 'gillnet.sha256';

type ModelDelivery = Delivery & { kind: 'model' };

interface LoggedModel {
  model_id: string;
  artifact_uri: string;
  status: string;
}

/** What a model is once all of its files are there. */
const ready = 'LOGGED_MODEL_READY';

export const isReady = ({ status }: LoggedModel) => status === ready;

/** The model as the server has it; null where it has none. @throws GillnetError the client's */
export function findModel(run: RemoteRun, sha256: string): Promise<LoggedModel | null> {
  return run.client.attempt((connection) => find(connection, run, sha256));
}

/**
 * Logs a model as an output of its run, unless the server has all of it already.
 * @param epoch whose weights it has @param filesOf the files that it consists of, the last of which completes it
 * @returns its id
 */
export async function logModel(
  run: RemoteRun,
  { saved, epoch, params }: ModelDelivery,
  rootAt: (uri: string) => Promise<ArtifactRoot>,
  filesOf: (model: { id: string; uri: string }) => Map<string, Uint8Array>,
): Promise<string> {
  const model = await run.client.attempt(
    async (connection) =>
      (await find(connection, run, saved.sha256)) ?? create(connection, run, saved, params),
  );
  const { model_id: id, artifact_uri: uri } = model;
  await logOutput(run, id, epoch);
  if (isReady(model)) return id;
  const root = await rootAt(uri);
  for (const [name, body] of filesOf({ id, uri })) await root.put(name, body);
  await run.client.send(`logged-models/${id}`, { model_id: id, status: ready }, 'PATCH');
  return id;
}

/** By the content of its file. */
async function find(
  connection: Connection,
  { id, experiment }: RemoteRun,
  sha256: string,
): Promise<LoggedModel | null> {
  const { models } = await connection.send<{ models?: { info: LoggedModel }[] }>(
    'logged-models/search',
    {
      ...{ experiment_ids: [experiment], max_results: 1 },
      filter: `source_run_id = '${id}' AND tags.\`${sha256Tag}\` = '${sha256}'`,
    },
  );
  return models?.[0]?.info ?? null;
}

async function create(
  connection: Connection,
  run: RemoteRun,
  saved: ModelDelivery['saved'],
  params: Entry[],
): Promise<LoggedModel> {
  const { model } = await connection.send<{ model: { info: LoggedModel } }>('logged-models', {
    ...{ experiment_id: run.experiment, source_run_id: run.id, params },
    ...{ name: saved.model.replace(/\.pt$/, ''), model_type: 'image-classifier' },
    tags: [...run.origin, tag(modelTag, saved.model), tag(sha256Tag, saved.sha256)],
  });
  return model.info;
}
