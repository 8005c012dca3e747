import { GillnetError } from '../errors.js';
import { schemeOf } from '../store/open.js';
import type { Bookmark } from './bookmark.js';
import { type MlflowClient, refusal } from './client.js';
import type { Connection } from './connection.js';
import type { Entry, RunStatus } from './delivery.js';
import { tag } from './keys.js';

const keyTag = 'gillnet.run';

interface RunInfo {
  run_id: string;
  experiment_id: string;
  artifact_uri: string;
  lifecycle_stage: 'active' | 'deleted';
}

interface RunAnswer {
  info: RunInfo;
  outputs?: { model_outputs?: { model_id: string }[] };
}

/** A run at the server, and who asks for it. */
export interface RemoteRun {
  client: MlflowClient;
  id: string;
  experiment: string;
  artifactUri: string;
  /** Who made it, and with what: tags by which MLflow shows it. */
  origin: Entry[];
  /** Of its page. */
  url: string;
  /** The server knew nothing of it. */
  isNew: boolean;
}

/**
 * The run that a bookmark's key names, found again or made, in its experiment.
 * @param name of a new one @param began milliseconds since the epoch
 * @throws GillnetError TRACKING where it or the experiment was deleted there, and the client's
 */
export async function remoteRun(
  client: MlflowClient,
  bookmark: Bookmark,
  name: string,
  began: number,
): Promise<RemoteRun> {
  let isNew = false;
  const info = await client.attempt(async (connection) => {
    const experiment = await experimentNamed(connection, bookmark.experiment);
    const known = await findRun(connection, experiment, bookmark.key);
    isNew ||= known === undefined;
    return known ?? createRun(connection, experiment, bookmark, name, began);
  });
  if (info.lifecycle_stage === 'deleted') {
    throw new GillnetError(
      'TRACKING',
      `The run ${name} was deleted at ${client.address}. Restore it there, or delete mlflow.json in the run's folder.`,
    );
  }
  const { run_id: id, experiment_id: experiment, artifact_uri: artifactUri } = info;
  const origin = Object.entries(bookmark.tags).filter(([key]) => key.startsWith('mlflow.'));
  return {
    ...{ client, id, experiment, artifactUri, isNew },
    origin: origin.map((each) => tag(...each)),
    url: `${client.address}/#/experiments/${experiment}/runs/${id}`,
  };
}

async function findRun(
  connection: Connection,
  experiment: string,
  key: string,
): Promise<RunInfo | undefined> {
  const { runs } = await connection.send<{ runs?: RunAnswer[] }>('runs/search', {
    ...{ experiment_ids: [experiment], run_view_type: 'ALL', max_results: 1 },
    filter: `tags.\`${keyTag}\` = '${key}'`,
  });
  return runs?.[0]?.info;
}

async function createRun(
  connection: Connection,
  experiment: string,
  { key, tags }: Bookmark,
  name: string,
  began: number,
): Promise<RunInfo> {
  const given = Object.entries({ ...tags, [keyTag]: key }).map((each) => tag(...each));
  const { run } = await connection.send<{ run: RunAnswer }>('runs/create', {
    ...{ experiment_id: experiment, run_name: name, start_time: began, tags: given },
    ...(tags['mlflow.user'] && { user_id: tags['mlflow.user'] }),
  });
  return run.info;
}

export async function setStatus(run: RemoteRun, status: RunStatus, end?: number): Promise<void> {
  await run.client.send('runs/update', { run_id: run.id, status, end_time: end });
}

/** Tells the photos that the run is trained on. @param data where they lie */
export async function logDataset(
  run: RemoteRun,
  data: string,
  fingerprint: string,
  photos: Record<string, number>,
): Promise<void> {
  const scheme = schemeOf(data);
  const dataset = {
    name: (scheme ? data.slice(`${scheme}://`.length) : data.split(/[/\\]/).at(-1)) || 'photos',
    // As short as MLflow's own, and as `gillnet models list` shows it.
    digest: fingerprint.slice(0, 8),
    source_type: scheme ?? 'local',
    source: JSON.stringify({ uri: data }),
    profile: JSON.stringify({ photos, fingerprint }),
  };
  const tags = [{ key: 'mlflow.data.context', value: 'training' }];
  await run.client.send('runs/log-inputs', { run_id: run.id, datasets: [{ tags, dataset }] });
}

/** Names a model among the run's outputs, once. @param step of which it is */
export function logOutput({ client, id }: RemoteRun, model: string, step: number): Promise<void> {
  return client.attempt(async (connection) => {
    const { run } = await connection.get<{ run: RunAnswer }>('runs/get', { run_id: id });
    if (run.outputs?.model_outputs?.some(({ model_id }) => model_id === model)) return;
    const models = [{ model_id: model, step }];
    await connection.send('runs/outputs', { run_id: id, models });
  });
}

async function experimentNamed(connection: Connection, name: string): Promise<string> {
  try {
    const { experiment } = await connection.get<{
      experiment: { experiment_id: string; lifecycle_stage: string };
    }>('experiments/get-by-name', { experiment_name: name });
    if (experiment.lifecycle_stage !== 'deleted') return experiment.experiment_id;
  } catch (error) {
    if (refusal(error) !== 'RESOURCE_DOES_NOT_EXIST') throw error;
    return createExperiment(connection, name);
  }
  throw new GillnetError(
    'TRACKING',
    `MLflow's experiment ${name} was deleted. Restore it there, or name another with --experiment.`,
  );
}

async function createExperiment(connection: Connection, name: string): Promise<string> {
  try {
    const made = await connection.send<{ experiment_id: string }>('experiments/create', { name });
    return made.experiment_id;
  } catch (error) {
    // Another run may have made it meanwhile.
    if (refusal(error) !== 'RESOURCE_ALREADY_EXISTS') throw error;
    return experimentNamed(connection, name);
  }
}
