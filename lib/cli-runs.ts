import type { Command } from 'commander';
import type { Tools } from './command-line.js';

/** `gillnet runs …` and `gillnet compare` */
export function describeRuns(program: Command, { command, printing }: Tools): void {
  const runs = program
    .command('runs')
    .description('list runs, show one, and find the best')
    .exitOverride();
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
    .action(printing(async () => (await import('./commands/compare-runs.js')).comparingRuns));
}
