import { Command, CommanderError } from 'commander';
import {
  computing,
  type OptionName,
  ofModel,
  places,
  serving,
  type Tools,
  toolsFor,
  trainingFlags,
} from './command-line.js';
import { GillnetError, messageOf } from './errors.js';
import { printable } from './faces/format.js';
import { rankLine } from './faces/rank-lines.js';
import { event } from './pipeline/events.js';
import { version } from './version.js';

/**
 * Runs one command. Nothing is thrown: errors are told as people or programs read them.
 * @param argv the command and its arguments
 * @returns the exit status
 */
export async function main(argv: string[]): Promise<number> {
  forgetEmptyVariables();
  // A reader that has seen enough, such as `head`, is no failure, nor a terminal that has closed.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
  let status = 0;
  const program = describeProgram((code) => {
    status = code;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return status;
  } catch (error) {
    return tellError(error, argv, program);
  }
}

function describeProgram(end: (status: number) => void): Command {
  const program = new Command('gillnet')
    .description('Trains and serves image classifiers from Node, on LibTorch, without Python.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });

  const tools = toolsFor(program, end);
  const { command, stages, printing } = tools;

  command('run', 'extract, guard, train, evaluate, predict; on generated photos without --data', [
    ...places,
    ...trainingFlags,
    'top',
  ]).action(stages(async () => (await import('./commands/run.js')).run, 'training'));
  command('sample', 'write the generated sample photos', ['seed'])
    .argument('[dir]', 'an empty or new folder')
    .action(stages(async () => (await import('./commands/sample.js')).sample));
  command('upload', 'copy a folder of photos into the bucket of --data', ['data'])
    .argument('[dir]', 'photos as train/<label>/<photo> and test/<label>/<photo>')
    .action(stages(async () => (await import('./commands/upload.js')).upload));
  command('extract', 'photos of --data into --catalog', [
    'data',
    'catalog',
    'downloadCache',
  ]).action(stages(async () => (await import('./commands/extract.js')).extract));
  command('guard', 'find photos that stand in several splits, and labels that look wrong', [
    ...places,
    ...(['policy', 'validation', 'trustLabels', 'weights', 'seed', 'threads', 'memory'] as const),
  ]).action(stages(async () => (await import('./commands/guard.js')).guard));
  command('train', 'train from the catalog, or from --data', [...places, ...trainingFlags]).action(
    stages(async () => (await import('./commands/run.js')).trainOnly, 'training'),
  );
  command('evaluate', 'judge a model on all photos of a split, or of --data', [
    ...places,
    ...ofModel,
    ...computing,
    'memory',
    'inInt8',
    'split',
  ]).action(stages(async () => (await import('./commands/evaluate.js')).evaluate));
  command('predict', 'ranked labels for files, or for ten random test photos', [
    'data',
    'catalog',
    ...ofModel,
    ...computing,
    'memory',
    'inInt8',
    'seed',
    'top',
  ])
    .argument('[files...]', 'photos')
    .action(stages(async () => (await import('./commands/predict.js')).predict));
  command('explain', 'a picture of what the model looks at in each file', [
    ...ofModel,
    ...computing,
    'label',
    'out',
  ])
    .argument('<files...>', 'photos')
    .action(stages(async () => (await import('./commands/explain.js')).explain));
  command('watch', 'show a run of another process, live or over; the newest without RUN', [
    'runs',
    'pictures',
  ])
    .argument('[run]', 'a run’s id or folder')
    .action(stages(async () => (await import('./commands/watch.js')).watch, 'watch'));
  command('serve', 'answer photos over HTTP, by the model that is promoted', [
    ...ofModel,
    ...computing,
    ...serving,
  ]).action(stages(async () => (await import('./commands/serve.js')).serve, 'serve'));

  describeModels(program, tools);
  describeRuns(program, tools);
  command('verify', 'hold a model to all that it says of itself', ofModel)
    .argument('[model]', 'name, path or stage')
    .action(printing(async () => (await import('./commands/models/verify.js')).verifying));
  command('report', 'write the report of a run again, from its log; the newest without RUN', [
    'runs',
  ])
    .argument('[run]', 'a run’s id or folder')
    .action(printing(async () => (await import('./commands/runs.js')).reporting));
  command('sync', 'tell MLflow what it has missed of runs, of all that it is told of without RUN', [
    ...(['runs', 'mlflow', 'experiment', 'downloadCache'] as const),
  ])
    .argument('[runs...]', 'ids or folders')
    .action(printing(async () => (await import('./commands/sync.js')).syncing));
  command('doctor', 'what was found, and what is missing', [
    ...places,
    'models',
    'weights',
    ...computing,
    'dtype',
  ]).action(printing(async () => (await import('./commands/doctor.js')).examine));
  return program;
}

/** `gillnet models …` */
function describeModels(program: Command, { command, stages, printing }: Tools): void {
  const models = program
    .command('models')
    .description('list, show, promote, prune, compare, export and import models');
  const kept: OptionName[] = ['models', 'downloadCache'];
  command('list', 'all models, newest first, and what each stage serves', kept, models).action(
    printing(async () => (await import('./commands/models/list.js')).listing),
  );
  command('show', 'what a model says of itself', kept, models)
    .argument('[model]', 'name, path or stage; production’s by default, else the newest')
    .action(printing(async () => (await import('./commands/models/show.js')).showing));
  command('promote', 'make a stage serve a model', [...kept, 'stage', 'mlflow'], models)
    .argument('<model>', 'name, or the stage that serves it')
    .action(printing(async () => (await import('./commands/models/promote.js')).promoting));
  command(
    'prune',
    'delete old models; none that a stage serves, or has served lately',
    [...kept, 'keep', 'keepBest', 'olderThan', 'deleting'],
    models,
  ).action(printing(async () => (await import('./commands/models/prune.js')).pruning));
  command(
    'compare',
    'two models on the same photos: McNemar’s test, and which photos changed',
    ['data', 'catalog', ...kept, 'trustedKey', ...computing, 'memory', 'split'],
    models,
  )
    .argument('<first>', 'name, path or stage')
    .argument('<second>', 'name, path or stage')
    .action(stages(async () => (await import('./commands/models/compare.js')).comparing));
  command(
    'export',
    'write a model for other programs',
    [...kept, 'trustedKey', 'format', 'exported'],
    models,
  )
    .argument('[model]', 'name, path or stage; production’s by default, else the newest')
    .action(printing(async () => (await import('./commands/models/export.js')).exporting));
  command(
    'import',
    'make a model of weights that were trained elsewhere',
    [...kept, 'classes', 'importedSize', 'mean', 'std', 'sign'],
    models,
  )
    .argument('<file>', 'a state_dict: .pth, .pt or .safetensors')
    .action(printing(async () => (await import('./commands/models/import.js')).importing));
}

/** `gillnet runs …` and `gillnet compare` */
function describeRuns(program: Command, { command, printing }: Tools): void {
  const runs = program.command('runs').description('list runs, show one, and find the best');
  command('list', 'all runs, newest first (default)', ['runs'], runs, { isDefault: true }).action(
    printing(async () => (await import('./commands/runs.js')).listingRuns),
  );
  command(
    'show',
    'what a run was begun with, and what came of it; the newest without RUN',
    ['runs'],
    runs,
  )
    .argument('[run]', 'a run’s id or folder')
    .action(printing(async () => (await import('./commands/runs.js')).showingRun));
  command(
    'best',
    'the run that validation prefers, of those with the newest’s photos',
    ['runs'],
    runs,
  ).action(printing(async () => (await import('./commands/runs.js')).bestRun));
  command('compare', 'two runs: which settings differ, and what came of each', [
    'runs',
    'comparison',
  ])
    .argument('<first>', 'a run’s id or folder')
    .argument('<second>', 'a run’s id or folder')
    .action(printing(async () => (await import('./commands/runs.js')).comparingRuns));
}

/** `GILLNET_DATA= gillnet run` means that it is not set; MLflow's variables are read by its own habit. */
function forgetEmptyVariables(): void {
  for (const [name, value] of Object.entries(process.env)) {
    if (/^(GILLNET|MLFLOW)_/.test(name) && value === '') delete process.env[name];
  }
}

function tellError(error: unknown, argv: string[], program: Command): number {
  // Help and version were asked for and are printed.
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const known = asGillnetError(
    error,
    program.commands.find((each) => each.name() === argv[0]) ?? program,
  );
  const debug = argv.includes('--debug');
  const { code, exitCode } = known ?? { code: 'INTERNAL', exitCode: 1 };
  const message =
    known?.message ?? `${messageOf(error)}. This is a defect of gillnet; --debug shows where.`;
  // What stands on stdout is rank 0's.
  const { RANK, WORLD_SIZE } = process.env;
  if (Number(WORLD_SIZE) > 1 && Number(RANK) > 0) {
    process.stderr.write(rankLine(Number(RANK), `error [${code}]: ${message}`));
  } else if (argv.includes('--json')) {
    const told = {
      ...event('error', { code, message }),
      ...(debug ? { stack: (error as Error)?.stack } : {}),
    };
    process.stdout.write(`${JSON.stringify(told)}\n`);
  } else {
    process.stderr.write(`error [${code}]: ${printable(message)}\n`);
    if (debug) process.stderr.write(`${(error as Error)?.stack}\n`);
  }
  return exitCode;
}

/** @param asked the command whose own were asked for, where there is one */
function asGillnetError(error: unknown, asked: Command): GillnetError | null {
  if (error instanceof GillnetError) return error;
  if (!(error instanceof CommanderError)) return null;
  if (error.code === 'commander.help') {
    const names = asked.commands.map((command) => command.name()).join(', ');
    return new GillnetError('USAGE', `Name a command: ${names}. \`--help\` tells more.`);
  }
  const message = error.message.replace(/^error: /, '').replace(/\.?$/, '.');
  return new GillnetError(
    'USAGE',
    `${message[0]?.toUpperCase()}${message.slice(1)} \`--help\` lists what there is.`,
  );
}
