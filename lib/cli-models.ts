import type { Command } from 'commander';
import { computing, type OptionName, type Tools } from './command-line.js';

/** `gillnet models …` */
export function describeModels(program: Command, { command, stages, printing }: Tools): void {
  const models = program
    .command('models')
    .description('list, show, promote, prune, compare, export and import models')
    .exitOverride();
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
