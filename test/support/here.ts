import { main } from '../../lib/cli.js';
import { type Ended, eventsIn, type Program, variables } from './command.js';

// Each command listens for the end of its reader.
process.stdout.setMaxListeners(0);

/** What is done once, when stdout has this. */
export interface Moment {
  told: RegExp;
  act: () => void;
}

/**
 * `gillnet ARGS` in this process, as the start of another takes a second of a processor: for all but signals, readers that
 * go, and whether a process ends. One at a time, since it has the working directory, the variables and the output of the
 * process.
 */
export async function gillnetHere(
  args: string[],
  { cwd, env = {} }: Program,
  moment?: Moment,
): Promise<Pick<Ended, 'status' | 'stdout' | 'stderr' | 'events'>> {
  const { stdout: output, stderr: errors } = process;
  const before = {
    cwd: process.cwd(),
    env: { ...process.env },
    out: output.write,
    err: errors.write,
  };
  let [stdout, stderr] = ['', ''];
  let awaited = moment;
  output.write = (text: string) => {
    stdout += text;
    if (awaited?.told.test(stdout)) {
      const { act } = awaited;
      awaited = undefined;
      act();
    }
    return true;
  };
  errors.write = (text: string) => {
    stderr += text;
    return true;
  };
  // As a process gets them that is started, and as nobody at a terminal does.
  Object.assign(process.env, { CI: '1', ...variables(env) });
  process.chdir(cwd);
  try {
    const status = await main(args);
    return { status, stdout, stderr, events: eventsIn(stdout) };
  } finally {
    process.chdir(before.cwd);
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, before.env);
    Object.assign(output, { write: before.out });
    Object.assign(errors, { write: before.err });
  }
}
