import { GillnetError } from '../errors.js';
import type { Bookmark } from './bookmark.js';
import { type MlflowClient, refusal } from './client.js';
import type { RunStatus } from './delivery.js';
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
  /** Of its page. */
  url: string;
}

/**
 * The run that a bookmark's key names, found again or made, in its experiment.
 * @param name of a new one @param began milliseconds since the epoch
 * @throws GillnetError TRACKING where it or the experiment was deleted there, and the client's
 */
export async function remoteRun(
  client: MlflowClient,
  { experiment: name, key, tags }: Bookmark,
  runName: string,
  began: number,
): Promise<RemoteRun> {
  const experiment = await experimentNamed(client, name);
  const { runs = [] } = await client.send<{ runs?: RunAnswer[] }>('runs/search', {
    experiment_ids: [experiment],
    filter: `tags.\`${keyTag}\` = '${key}'`,
    run_view_type: 'ALL',
    max_results: 1,
  });
  const info = runs[0]?.info ?? (await create());
  if (info.lifecycle_stage === 'deleted') {
    throw new GillnetError(
      'TRACKING',
      `The run ${runName} was deleted at ${client.address}. Restore it there, or delete mlflow.json in the run's folder.`,
    );
  }
  const id = info.run_id;
  const url = `${client.address}/#/experiments/${experiment}/runs/${id}`;
  return { client, id, experiment, artifactUri: info.artifact_uri, url };

  async function create(): Promise<RunInfo> {
    const given = Object.entries({ ...tags, [keyTag]: key }).map((each) => tag(...each));
    const answer = await client.send<{ run: RunAnswer }>('runs/create', {
      ...{ experiment_id: experiment, run_name: runName, start_time: began, tags: given },
      ...(tags['mlflow.user'] && { user_id: tags['mlflow.user'] }),
    });
    return answer.run.info;
  }
}

export async function setStatus(run: RemoteRun, status: RunStatus, end?: number): Promise<void> {
  const time = end === undefined ? {} : { end_time: end };
  await run.client.send('runs/update', { run_id: run.id, status, ...time });
}

/** Tells the photos that the run is trained on. @param data where they lie */
export async function logDataset(
  run: RemoteRun,
  data: string,
  fingerprint: string,
  photos: Record<string, number>,
): Promise<void> {
  const isBucket = data.startsWith('s3://');
  const dataset = {
    name: (isBucket ? data.slice('s3://'.length) : data.split(/[/\\]/).at(-1)) || 'photos',
    // As long as MLflow takes it.
    digest: fingerprint.slice(0, 32),
    source_type: isBucket ? 's3' : 'local',
    source: JSON.stringify({ uri: data }),
    profile: JSON.stringify({ photos, fingerprint }),
  };
  const tags = [{ key: 'mlflow.data.context', value: 'training' }];
  await run.client.send('runs/log-inputs', { run_id: run.id, datasets: [{ tags, dataset }] });
}

/** True where the run names this model among its outputs. */
export async function hasOutput({ client, id }: RemoteRun, model: string): Promise<boolean> {
  const { run } = await client.get<{ run: RunAnswer }>('runs/get', { run_id: id });
  return run.outputs?.model_outputs?.some(({ model_id }) => model_id === model) ?? false;
}

async function experimentNamed(client: MlflowClient, name: string): Promise<string> {
  const find = async () => {
    const { experiment } = await client.get<{
      experiment: { experiment_id: string; lifecycle_stage: string };
    }>('experiments/get-by-name', { experiment_name: name });
    if (experiment.lifecycle_stage !== 'deleted') return experiment.experiment_id;
    throw new GillnetError(
      'TRACKING',
      `The experiment ${name} was deleted at ${client.address}. Restore it there, or name another with --experiment.`,
    );
  };
  try {
    return await find();
  } catch (error) {
    if (refusal(error) !== 'RESOURCE_DOES_NOT_EXIST') throw error;
  }
  try {
    const made = await client.send<{ experiment_id: string }>('experiments/create', { name });
    return made.experiment_id;
  } catch (error) {
    // Another run may have made it meanwhile.
    if (refusal(error) !== 'RESOURCE_ALREADY_EXISTS') throw error;
    return find();
  }
}
