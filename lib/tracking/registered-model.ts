import { type MlflowClient, refusal } from './client.js';
import type { Entry } from './delivery.js';
import { tag } from './keys.js';
import { modelTag, sha256Tag } from './logged-model.js';
import type { RemoteRun } from './remote-run.js';

/** As much of a card as a version's description may be. */
const longestDescription = 5000;

interface Version {
  name: string;
  version: string;
  tags?: Entry[];
}

/** A model that is to be registered. */
export interface ToRegister {
  /** Its file's name. */
  model: string;
  sha256: string;
  /** MLflow's, of the logged model. */
  modelId: string;
  /** In Markdown, where there is one. */
  card: string | null;
}

/**
 * Registers a model, unless it is there already, under an alias that is its own file's name without `.pt`:
 * `models:/NAME@model_v1_20261124T173408Z`. @returns the version
 */
export async function register(run: RemoteRun, name: string, given: ToRegister): Promise<string> {
  const { client, id } = run;
  const registered = registrable(name);
  try {
    await client.send('registered-models/create', { name: registered });
  } catch (error) {
    if (refusal(error) !== 'RESOURCE_ALREADY_EXISTS') throw error;
  }
  const there = await versionsOf(client, given.sha256);
  const known = there.find((each) => each.name === registered);
  const { version } = known ?? (await create());
  const alias = given.model.replace(/\.pt$/, '');
  await client.send('registered-models/alias', { name: registered, alias, version });
  return version;

  async function create(): Promise<Version> {
    const { model_version } = await client.send<{ model_version: Version }>(
      'model-versions/create',
      {
        ...{ name: registered, source: `models:/${given.modelId}`, model_id: given.modelId },
        ...{ run_id: id, tags: [tag(modelTag, given.model), tag(sha256Tag, given.sha256)] },
        ...(given.card !== null && { description: description(given.card) }),
      },
    );
    return model_version;
  }
}

/** Gives the versions of a model's file this alias, which another may have had. @returns those, as `name version` */
export async function promoteVersions(
  client: MlflowClient,
  sha256: string,
  alias: string,
): Promise<string[]> {
  const versions = await versionsOf(client, sha256);
  for (const { name, version } of versions) {
    await client.send('registered-models/alias', { name, alias, version });
  }
  return versions.map(({ name, version }) => `${name} version ${version}`);
}

async function versionsOf(client: MlflowClient, sha256: string): Promise<Version[]> {
  const { model_versions = [] } = await client.get<{ model_versions?: Version[] }>(
    'model-versions/search',
    { filter: `tags.\`${sha256Tag}\` = '${sha256}'` },
  );
  return model_versions;
}

/** A registered model's name knows no slashes and colons. */
const registrable = (name: string) => name.replace(/[/:]/g, '-');

/** Without the head that is meant for shelves of models. */
function description(card: string): string {
  const body = card.replace(/^---\n[\s\S]*?\n---\n+/, '');
  if (body.length <= longestDescription) return body;
  return `${body.slice(0, body.lastIndexOf('\n', longestDescription - 2))}\n…`;
}
