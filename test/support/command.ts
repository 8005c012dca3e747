import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { GillnetEvent } from '../../lib/pipeline/events.js';
import { root } from './suite.js';

/** How a command ended, and what it said. */
export interface Ended {
  status: number | null;
  signal: string | null;
  /** Since its end is waited for. */
  seconds: number;
  stdout: string;
  stderr: string;
  /** The JSON lines on stdout. */
  events: GillnetEvent[];
}

export interface Program {
  cwd: string;
  /** Besides this process's own; an empty one counts as not set. */
  env?: Record<string, string>;
}

/** Starts `gillnet ARGS`. */
export function startGillnet(args: string[], program: Program): ChildProcess {
  return start('scripts/gillnet.mjs', args, program);
}

/** Starts `node predict.js ARGS`. */
export function startPredict(args: string[], program: Program): ChildProcess {
  return start('predict.js', args, program);
}

/** Of a command. Other files run beside: threads that outnumber the idle processors compute while they wait for each other. */
export const variables = (env: Record<string, string>): Record<string, string> => ({
  ...{ GILLNET_WEIGHTS: '', GILLNET_THREADS: '1' },
  ...env,
});

function start(script: string, args: string[], { cwd, env = {} }: Program): ChildProcess {
  return spawn(process.execPath, [path.join(root, script), ...args], {
    cwd,
    env: { ...process.env, ...variables(env) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Starts `source` as a module in a process of its own. */
export function startModule(
  source: string,
  args: string[] = [],
  options: SpawnOptions = {},
): ChildProcess {
  const flags = ['--input-type=module', '--eval', source];
  return spawn(process.execPath, [...flags, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
}

/** A command under way. */
export interface Running {
  child: ChildProcess;
  end: Promise<Ended>;
  /** All of stdout so far. */
  said(): string;
  /** Waits until stdout has this, so many times. @throws Error where the command ends without it */
  told(expected: RegExp, count?: number): Promise<RegExpMatchArray>;
}

export function running(child: ChildProcess): Running {
  let stdout = '';
  const end = ended(child, (text) => {
    stdout = text;
  });
  return {
    ...{ child, end, said: () => stdout },
    async told(expected, count = 1) {
      for (let isOver = false; ; ) {
        const found = [...stdout.matchAll(new RegExp(expected, 'g'))][count - 1];
        if (found) return found;
        if (isOver) throw new Error(`It ended without ${expected}: ${stdout.slice(-2000)}`);
        const more = once(child.stdout ?? child, 'data').then(() => false);
        isOver = await Promise.race([more, end.then(() => true)]);
      }
    },
  };
}

/** Waits for a command's end. @param onOutput told all of stdout, each time there is more */
export function ended(
  child: ChildProcess,
  onOutput: (text: string) => void = () => {},
): Promise<Ended> {
  const began = performance.now();
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
    onOutput(stdout);
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => {
    child.on('close', (status, signal) => {
      const seconds = (performance.now() - began) / 1000;
      resolve({
        ...{ status, signal, seconds, stdout, stderr },
        get events() {
          return eventsIn(stdout);
        },
      });
    });
  });
}

/** The JSON lines of an output. */
export function eventsIn(stdout: string): GillnetEvent[] {
  const lines = stdout.split('\n').filter((line) => line.startsWith('{"'));
  return lines.map((line) => JSON.parse(line));
}

/** The end of a command that has to end well. */
export async function succeeded(end: Promise<Ended>): Promise<Ended> {
  const { status, stdout, stderr } = await end;
  assert.is(status, 0, stdout + stderr);
  return end;
}
