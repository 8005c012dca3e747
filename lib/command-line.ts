import type { Command, CommandOptions } from 'commander';
import { drive, type Kind, type Stages } from './commands/drive.js';
import { options, type Settings, settledFlags } from './config.js';

/** What commands are made of: groups of flags, and the actions behind them. */

export type OptionName = keyof typeof options;

/** Of every command. */
const faces: OptionName[] = ['json', 'plain', 'debug'];
export const places: OptionName[] = ['data', 'catalog', 'runs', 'downloadCache'];
export const ofModel: OptionName[] = ['models', 'model', 'trustedKey', 'downloadCache'];
export const computing: OptionName[] = ['threads', 'device'];
export const serving: OptionName[] = [
  ...(['shownRuns', 'host', 'port', 'inInt8', 'shadow', 'interval', 'apiKeys', 'cors'] as const),
  'feedback',
  ...(['maxBatch', 'maxQueue', 'maxPhotos', 'maxBytes', 'maxPixels', 'timeLimit'] as const),
];
export const trainingFlags: OptionName[] = [
  ...['models', 'weights', 'recipe', 'epochs', 'batchSize', 'lr', 'imageSize', 'valFraction'],
  ...[
    'validation',
    'policy',
    'seed',
    'resume',
    'maxMinutes',
    'device',
    'dtype',
    'tf32',
    'nondeterministic',
    'int8',
    'threads',
    'memory',
    'yes',
  ],
  ...['pictures', 'trustLabels', 'architecture', 'checkpointSeconds', 'sign'],
  ...['rankTimeout', 'syncBatchNorm'],
  ...['mlflow', 'experiment', 'serve', 'host', 'apiKeys'],
] as OptionName[];

/** What a command prints; its exit status is 1 where `ok` is false. */
type Printed = string[] | { lines: string[]; ok: boolean };

/** Makes and fills commands; what a command does is loaded once it is called, and gets its arguments last. */
export interface Tools {
  command(
    name: string,
    summary: string,
    flags: OptionName[],
    parent?: Command,
    given?: CommandOptions,
  ): Command;
  /** The action of a command that tells events. */
  stages(
    load: () => Promise<(...given: [...Parameters<Stages>, ...string[]]) => ReturnType<Stages>>,
    kind?: Kind,
  ): (...given: unknown[]) => Promise<void>;
  /** The action of a command that prints lines. */
  printing<S extends Settings>(
    load: () => Promise<(settings: S, ...args: string[]) => Promise<Printed>>,
  ): (...given: unknown[]) => Promise<void>;
}

/** @param end told the exit status */
export function toolsFor(program: Command, end: (status: number) => void): Tools {
  return {
    command(name, summary, flags, parent = program, given = {}) {
      const added = parent.command(name, given).description(summary).exitOverride();
      added.configureOutput({ writeErr: () => {} });
      for (const flag of [...new Set([...flags, ...faces])]) added.addOption(options[flag]);
      return added;
    },
    stages:
      (load, kind) =>
      async (...given) => {
        const called = given.at(-1) as Command;
        const settings = settingsOf(called);
        const work = await load();
        const stages: Stages = (...own) => work(...own, ...called.args);
        end(await drive(settings, stages, kind));
      },
    printing:
      (load) =>
      async (...given) => {
        const called = given.at(-1) as Command;
        const printed = await (await load())(valuesOf(called), ...called.args);
        const { lines, ok } = Array.isArray(printed) ? { lines: printed, ok: true } : printed;
        process.stdout.write(lines.map((line) => `${line}\n`).join(''));
        end(ok ? 0 : 1);
      },
  };
}

function valuesOf<S extends Settings>(called: Command): S {
  const settings = called.opts<S>();
  return settings.dtype ? settings : { ...settings, dtype: undefined };
}

/** What a resumed run settles itself is only there where it was given. */
function settingsOf(called: Command): Settings {
  const settings = valuesOf<Settings>(called);
  if (settings.resume === undefined) return settings;
  const isGiven = (name: string) => called.getOptionValueSource(name) !== 'default';
  const names = Object.keys(settings).filter((name) => !(name in settledFlags) || isGiven(name));
  return Object.fromEntries(
    names.map((name) => [name, settings[name as keyof Settings]]),
  ) as unknown as Settings;
}
