// npm run check:workflows: .github/workflows, held against actionlint, and their steps executed here as they stand there.
//   npm run check:workflows                          actionlint, and which jobs can be executed here
//   npm run check:workflows -- style test node=22    those jobs; of a matrix the rows that are told
// A job runs in a clone of what is committed. What another system or a container engine is needed for is told, and left out.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { check, end, Skip, skip } from './checks.mjs';
import { installPrograms, programFile } from './programs.mjs';
import { orExplain, setUp } from './setup.mjs';
import { root } from './shell.mjs';
import { cannotRun, prepare, rowsOf, stepsOf } from './workflows/job.mjs';

const folder = path.join(root, '.github/workflows');
const files = readdirSync(folder).filter((name) => name.endsWith('.yml'));
const jobs = files.flatMap((file) =>
  Object.entries(parse(readFileSync(path.join(folder, file), 'utf8')).jobs).map(([id, job]) => ({
    ...{ file, id, job },
  })),
);

const words = process.argv.slice(2);
const told = Object.fromEntries(
  words.filter((word) => word.includes('=')).map((word) => word.split('=')),
);
const wanted = words.filter((word) => !word.includes('='));
const unknown = wanted.find((id) => jobs.every((each) => each.id !== id));
if (unknown) {
  console.error(`There is no job ${unknown}; expected ${jobs.map(({ id }) => id).join(', ')}.`);
  process.exit(2);
}

await orExplain(setUp);
await lint();
for (const { file, id, job } of jobs) {
  if (wanted.includes(id)) runJob(`${file}: ${id}`, job);
  else tellWhetherItRuns(id, job);
}
end();

async function lint() {
  await installPrograms(['actionlint']);
  const args = ['-no-color', '-shellcheck=', ...files.map((file) => path.join(folder, file))];
  const { error, status, stdout } = spawnSync(programFile('actionlint'), args, {
    encoding: 'utf8',
  });
  if (error) skip('actionlint', 'it is built with Go');
  else check('actionlint has no complaint', status === 0 ? [] : stdout.trim().split('\n'));
}

/** Holds the rows of a job that is not asked for to what can be read here: a step that can't be filled in fails. */
function tellWhetherItRuns(id, job) {
  for (const row of rowsOf(job)) {
    const reason = cannotRun(job, row);
    const title = [id, ...Object.values(row)].join(' ');
    if (reason) skip(title, reason);
    else {
      stepsOf(job, row);
      console.log(`not run  ${title}: name ${id}`);
    }
  }
}

/** All rows of its matrix that agree with what was told. */
function runJob(name, job) {
  for (const row of rowsOf(job)) {
    if (Object.keys(row).some((key) => key in told && String(row[key]) !== told[key])) continue;
    const values = Object.values(row).join(', ');
    const title = values ? `${name} (${values})` : name;
    const work = mkdtempSync(path.join(tmpdir(), 'gillnet-workflow-'));
    try {
      const reason = cannotRun(job, row);
      if (reason) throw new Skip(reason);
      const env = prepare(job, row, work);
      for (const { run, env: own, reason } of stepsOf(job, row)) {
        if (reason) {
          skip(`${title}: ${run}`, reason);
          continue;
        }
        console.log(`runs     ${title}: ${run.trim()}`);
        const { status, signal } = spawnSync(
          'bash',
          ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run],
          {
            cwd: path.join(work, 'gillnet'),
            env: { ...env, ...own },
            stdio: ['ignore', 'inherit', 'inherit'],
          },
        );
        check(`${title}: ${run.trim()}`, status === 0 ? [] : [`it ended with ${signal ?? status}`]);
        if (status !== 0) break;
      }
    } catch (error) {
      if (!(error instanceof Skip)) throw error;
      skip(title, error.message);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
}
