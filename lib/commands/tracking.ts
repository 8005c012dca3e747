import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { Settings } from '../config.js';
import { GillnetError } from '../errors.js';
import { thisProcess } from '../files.js';
import { decodeModel } from '../model/model-file.js';
import { besideOf } from '../model/registry.js';
import { event } from '../pipeline/events.js';
import type { Run } from '../runs.js';
import type { Caller } from '../server.js';
import { sha256Of } from '../sha256.js';
import { openStore } from '../store/open.js';
import type { Store } from '../store/store.js';
import {
  type Bookmark,
  defaultExperiment,
  readBookmark,
  writeBookmark,
} from '../tracking/bookmark.js';
import { MlflowClient } from '../tracking/client.js';
import { liveTracking } from '../tracking/live.js';
import { watchLoad } from '../tracking/load.js';
import { trackingServerAt } from '../tracking/server-address.js';
import type { Places } from '../tracking/tracked-run.js';
import { commit, version } from '../version.js';
import type { Context } from './drive.js';
import { storeAt, wherever } from './store-at.js';

/** What to do about what MLflow could not be told of a run. */
export const syncLater = '`gillnet sync` tells it later what it has missed.';

/** What of a run is tracked besides its log. */
export interface ToTrack {
  /** `run` or `train`. */
  command: string;
  /** Where its photos lie. */
  data: string;
}

/**
 * Tells `--mlflow` of a run from now on, if there is one; a resumed run goes on with the one that it has begun with.
 * @throws GillnetError USAGE, IO, DAMAGED: nothing that depends on the server
 */
export async function tracking(
  run: Run,
  settings: Settings,
  context: Context,
  toTrack: ToTrack,
): Promise<void> {
  const before = await readBookmark(run);
  const given = settings.mlflow ?? before?.server;
  if (!given) return;
  const server = trackingServerAt(given, process.env);
  const bookmark = {
    ...(before ?? newBookmark(server.address, toTrack, settings.experiment)),
    ...{ process: thisProcess(), complete: false },
  };
  await writeBookmark(run, bookmark);
  const { warn, tell } = context;
  const load = watchLoad(run.folder, tell);
  const face = liveTracking(
    {
      ...{ run, bookmark, warn },
      open: (signal) => ({
        client: new MlflowClient(server, signal, { later: syncLater, warn }),
        places: placesOf(settings, { warn, signal }),
      }),
      onRun: ({ url }) => tell(event('tracked', { url })),
    },
    () => load.stop(),
  );
  context.addReader(face);
}

/** Of a run that no server was told of until now. @param server without credentials */
export function newBookmark(
  server: string,
  { command, data }: ToTrack,
  experiment = defaultExperiment,
): Bookmark {
  const [hash, dirty] = commit()?.split('-') ?? [];
  return {
    ...{ server, experiment, key: randomUUID(), lines: 0, complete: false },
    data: wherever(data),
    process: thisProcess(),
    tags: {
      'mlflow.user': userName(),
      'mlflow.source.name': `gillnet ${command}`,
      'mlflow.source.type': 'LOCAL',
      ...(hash && { 'mlflow.source.git.commit': hash }),
      ...(dirty && { 'mlflow.source.git.dirty': 'true' }),
      'gillnet.host': hostname(),
      'gillnet.version': version,
    },
  };
}

/** Models and buckets of runs, by what their events name. */
export function placesOf(settings: Pick<Settings, 'downloadCache'>, caller: Caller): Places {
  return {
    async model({ model: name, place, sha256 }) {
      const store = await storeAt(place, settings, caller);
      const bytes = await bytesAt(store, name);
      if (bytes && sha256Of(bytes) === sha256) return { bytes, model: decodeModel(bytes, name) };
      throw new GillnetError(
        'NOT_FOUND',
        `${store.location} has no ${name}${bytes ? ' with the content that its run has saved' : ''}.`,
      );
    },
    async card({ model, place }) {
      const store = await storeAt(place, settings, caller);
      return (await bytesAt(store, besideOf(model).card))?.toString() ?? null;
    },
    bucket: (location) => openStore(location, caller),
  };
}

async function bytesAt(store: Store, key: string): Promise<Buffer | null> {
  const object = await store.find(key);
  return object && store.get(object);
}

/** Some containers' users have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? 'unknown';
  }
}
