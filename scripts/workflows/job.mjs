// A job of a GitHub workflow, as far as a plain machine can do it: its matrix, its environment and its `run` steps.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Skip } from '../checks.mjs';
import { ask, linkData, root } from '../shell.mjs';

/** Actions whose part a clone, this machine's programs and its caches do; some give variables of the steps. */
const actions = {
  checkout: () => {},
  cache: () => {},
  restore: () => {},
  save: () => {},
  'upload-artifact': () => {},
  'setup-node': ({ 'node-version': version }, place) => nodeOf(String(version), place),
  'setup-go': () => {
    if (!ask('go', ['version'])) throw new Skip('needs Go');
  },
};

/** What a machine of a runner's label is. */
const runners = {
  'ubuntu-24.04': 'linux-x64',
  'ubuntu-24.04-arm': 'linux-arm64',
  'macos-15': 'darwin-arm64',
};

/** The rows of a job's matrix; one without values where it has none. */
export function rowsOf({ strategy }) {
  return Object.entries(strategy?.matrix ?? {}).reduce(
    (rows, [key, values]) =>
      rows.flatMap((row) => values.map((value) => ({ ...row, [key]: value }))),
    [{}],
  );
}

/** Why no step of the job can be done here, in words; null where one can. */
export function cannotRun(job, row) {
  const machine = filled(job['runs-on'], row);
  const here = `${process.platform}-${process.arch}`;
  if (runners[machine] !== here) return `it is for ${machine}, and this is ${here}`;
  const hasEngine = () => ask('docker', ['info']) !== null;
  const asksDocker = job.steps.some(({ run }) => /^docker /m.test(run ?? ''));
  // Services have no stand-in, also where there is an engine.
  if (job.services || (asksDocker && !hasEngine())) return 'it needs a container engine';
  if (job.container && !isBookworm())
    return `its container is ${job.container}, and this is no Debian 12`;
  const action = job.steps
    .map(({ uses }) => uses)
    .find((uses) => uses && !(nameOf(uses) in actions));
  return action ? `no plain machine does what ${action} does` : null;
}

/**
 * A clone of what is committed, and the programs of the actions that prepare a job.
 * @param work an empty folder; the clone is `gillnet` in it
 * @returns the environment of the steps
 * @throws Skip where one can't be had
 */
export function prepare(job, row, work) {
  const place = { programs: path.join(work, 'programs') };
  mkdirSync(place.programs);
  const cloned = spawnSync('git', ['clone', '--quiet', root, path.join(work, 'gillnet')]);
  if (cloned.status !== 0) throw new Skip('this is no clone of a repository');
  linkData(work);
  const prepared = {};
  for (const { uses, with: given = {} } of job.steps) {
    if (!uses) continue;
    const settled = Object.entries(given).map(([key, value]) => [key, filled(value, row, true)]);
    Object.assign(prepared, actions[nameOf(uses)](Object.fromEntries(settled), place));
  }
  const [, image = ''] = /^node:(\d+)-bookworm$/.exec(filled(job.container ?? '', row)) ?? [];
  if (image) Object.assign(prepared, nodeOf(image, place));
  // Runners have it, and who is root needs none.
  if (!ask('sudo', ['-V'])) {
    const sudo = path.join(place.programs, 'sudo');
    writeFileSync(sudo, '#!/bin/sh\nexec "$@"\n');
    chmodSync(sudo, 0o755);
  }
  return {
    ...process.env,
    ...prepared,
    ...envOf(job.env, row),
    ...{ CI: 'true', PATH: `${place.programs}${path.delimiter}${process.env.PATH}` },
  };
}

/** The steps that run something, each with why it can't be run where it can't. */
export function stepsOf({ steps }, row) {
  return steps
    .filter(({ run }) => run)
    .map(({ run, env, if: condition }) => ({
      run: filled(run, row),
      env: envOf(env, row),
      reason: condition ? `it runs if ${condition}` : null,
    }));
}

/** npm has each Node as a package. @returns where packages that are compiled find its headers, not those of this machine's */
function nodeOf(version, { programs }) {
  if (process.versions.node.split('.')[0] === version) return {};
  const folder = path.join(programs, `node-${version}`);
  const args = ['install', '--silent', '--no-audit', '--no-fund', `node@${version}`];
  const options = { stdio: ['ignore', 'ignore', 'inherit'] };
  const { status } = spawnSync('npm', [...args, '--prefix', folder], options);
  if (status !== 0) throw new Skip(`npm can't fetch Node ${version}`);
  const node = path.join(folder, 'node_modules/node');
  symlinkSync(path.join(node, 'bin/node'), path.join(programs, 'node'));
  const headers = path.join(node, `node_modules/node-${process.platform}-${process.arch}`);
  return { npm_config_nodedir: headers };
}

function isBookworm() {
  return ask('sh', ['-c', '. /etc/os-release && echo "$ID $VERSION_ID"']) === 'debian 12';
}

/** `actions/cache@v4` is `cache`, `actions/cache/save@v4` is `save`. */
function nameOf(uses) {
  return uses.replace(/@.*$/, '').split('/').at(-1);
}

function envOf(env = {}, row) {
  return Object.fromEntries(Object.entries(env).map(([key, value]) => [key, filled(value, row)]));
}

/**
 * A text with the matrix' values in it.
 * @param lenient leaves other expressions as they are: of actions that read them not
 * @throws Error for an expression that only GitHub could fill in
 */
function filled(text, row, lenient = false) {
  return String(text).replace(/\$\{\{\s*(.*?)\s*\}\}/g, (whole, expression) => {
    const [, key] = /^matrix\.(\w+)$/.exec(expression) ?? [];
    if (key !== undefined && key in row) return row[key];
    if (lenient) return whole;
    throw new Error(`A step that is to run anywhere must not ask for ${expression}`);
  });
}
