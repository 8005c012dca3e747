import { type MlflowClient, refusal } from './client.js';
import type { Connection } from './connection.js';
import { tag } from './keys.js';
import { modelTag, sha256Tag } from './logged-model.js';
import type { RemoteRun } from './remote-run.js';

/** As much of a card as a version's description may be. */
const longestDescription = 5000;

interface Version {
  name: string;
  version: string;
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
  const { client } = run;
  const registered = registrable(name);
  const version = await client.attempt(async (connection) => {
    await nameModel(connection, registered);
    const there = await versionsOf(connection, given.sha256);
    const known = there.find((each) => each.name === registered);
    return known?.version ?? createVersion(connection, run, registered, given);
  });
  const alias = given.model.replace(/\.pt$/, '');
  await client.send('registered-models/alias', { name: registered, alias, version });
  return version;
}

async function nameModel(connection: Connection, name: string): Promise<void> {
  try {
    await connection.send('registered-models/create', { name });
  } catch (error) {
    if (refusal(error) !== 'RESOURCE_ALREADY_EXISTS') throw error;
  }
}

async function createVersion(
  connection: Connection,
  { id }: RemoteRun,
  name: string,
  { model, sha256, modelId, card }: ToRegister,
): Promise<string> {
  const { model_version } = await connection.send<{ model_version: Version }>(
    'model-versions/create',
    {
      ...{ name, source: `models:/${modelId}`, model_id: modelId, run_id: id },
      tags: [tag(modelTag, model), tag(sha256Tag, sha256)],
      ...(card !== null && { description: description(card) }),
    },
  );
  return model_version.version;
}

/** Gives the versions of a model's file this alias, which another may have had. @returns those, as `name version` */
export async function promoteVersions(
  client: MlflowClient,
  sha256: string,
  alias: string,
): Promise<string[]> {
  const versions = await client.attempt((connection) => versionsOf(connection, sha256));
  for (const { name, version } of versions) {
    await client.send('registered-models/alias', { name, alias, version });
  }
  return versions.map(({ name, version }) => `${name} version ${version}`);
}

async function versionsOf(connection: Connection, sha256: string): Promise<Version[]> {
  const { model_versions = [] } = await connection.get<{ model_versions?: Version[] }>(
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
