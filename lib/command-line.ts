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
  ...(['feedback', 'maxBatch', 'maxQueue', 'maxPhotos', 'maxBytes', 'maxPixels'] as const),
  'timeLimit',
];
export const trainingFlags: OptionName[] = [
  ...(['models', 'weights', 'recipe', 'epochs', 'batchSize', 'lr', 'imageSize'] as const),
  ...(['valFraction', 'validation', 'policy', 'seed', 'resume', 'maxMinutes', 'device'] as const),
  ...(['dtype', 'tf32', 'nondeterministic', 'int8', 'threads', 'memory', 'yes'] as const),
  ...(['pictures', 'trustLabels', 'architecture', 'checkpointSeconds', 'sign'] as const),
  ...(['rankTimeout', 'syncBatchNorm', 'mlflow', 'experiment'] as const),
  ...(['serve', 'host', 'apiKeys'] as const),
];

/** What a command prints; its exit status is 1 where `ok` is false. */
type Printed = string[] | { lines: string[]; ok: boolean };

export type Tools = ReturnType<typeof toolsFor>;

/**
 * Makes and fills commands; what a command does is loaded once it is called, and gets its arguments last.
 * @param end told the exit status
 */
export function toolsFor(program: Command, end: (status: number) => void) {
  return {
    command(
      name: string,
      summary: string,
      flags: OptionName[],
      parent = program,
      given: CommandOptions = {},
    ): Command {
      const added = parent.command(name, given).description(summary);
      for (const flag of new Set([...flags, ...faces])) added.addOption(options[flag]);
      return added;
    },
    /** The action of a command that tells events. */
    stages(
      load: () => Promise<(...given: [...Parameters<Stages>, ...string[]]) => ReturnType<Stages>>,
      kind?: Kind,
    ) {
      return async (...given: unknown[]) => {
        const called = given.at(-1) as Command;
        const work = await load();
        const stages: Stages = (...own) => work(...own, ...called.args);
        end(await drive(settingsOf(called), stages, kind));
      };
    },
    /** The action of a command that prints lines. */
    printing<S extends Settings>(
      load: () => Promise<(settings: S, ...args: string[]) => Promise<Printed>>,
    ) {
      return async (...given: unknown[]) => {
        const called = given.at(-1) as Command;
        const printed = await (await load())(settingsOf<S>(called), ...called.args);
        const { lines, ok } = Array.isArray(printed) ? { lines: printed, ok: true } : printed;
        process.stdout.write(lines.map((line) => `${line}\n`).join(''));
        end(ok ? 0 : 1);
      };
    },
  };
}

/** Without `--dtype auto`, which is as if nothing were said, and without defaults of what a resumed run settles itself. */
function settingsOf<S extends Settings>(called: Command): S {
  const given = called.opts<S>();
  const isGiven = (name: string) =>
    given.resume === undefined ||
    !settledFlags.some((each) => each === name) ||
    called.getOptionValueSource(name) !== 'default';
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) =>
      name === 'dtype' ? value !== '' : isGiven(name),
    ),
  ) as S;
}
