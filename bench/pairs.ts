import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { totalmem } from 'node:os';
import { createInterface } from 'node:readline';
import { machineOf } from '../lib/machine.js';

/**
 * Two programs that do the same work on one machine in turn, so that its drift meets both: what a benchmark that
 * compares is made of, and the record that it leaves.
 */

/** One of the programs. */
export interface Contestant {
  /** With its versions, and how it is set: `PyTorch 2.15.0 eager, channels_last`. */
  name: string;
  /** Does its work once. @returns the figure that is compared, in the pair's unit */
  turn(): Promise<number>;
  end(): Promise<void>;
}

/** How one program did beside the other. */
export interface Comparison {
  /** Ours / theirs: the median of the rounds' own ratios. */
  ratio: number;
  /** The smallest and the largest of them. */
  low: number;
  high: number;
  rounds: number;
  /** Medians, in the pair's unit. */
  ours: number;
  theirs: number;
}

/** What a pair leaves, one line of JSON; `npm run bench` collects them and `table.ts` prints them. */
export interface PairRecord extends Comparison {
  /** Short and fixed, such as `predict-start vs python`. */
  name: string;
  unit: string;
  /** What the ratio should be: `≥ 1.1`, `< 0.5`; null where nothing is promised. */
  goal: string | null;
  /** Both programs, as `Contestant` has them. */
  versions: { ours: string; theirs: string };
  machine: string;
  command: string;
  /** ISO 8601 */
  time: string;
}

/** The middle value; of an even number of them the mean of the middle two. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('There is no median of nothing.');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [upper = 0, lower = 0] = [sorted[middle], sorted[middle - 1]];
  return sorted.length % 2 === 1 ? upper : (lower + upper) / 2;
}

/** The 99th percentile. */
export function slowestHundredth(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)] as number;
}

/** @param ours @param theirs one figure a round each, of the same rounds in the same order */
export function compare(ours: readonly number[], theirs: readonly number[]): Comparison {
  if (ours.length !== theirs.length) {
    throw new Error(`Expected as many turns of both but received ${ours.length}, ${theirs.length}`);
  }
  const ratios = ours.map((figure, round) => figure / (theirs[round] as number));
  return {
    ratio: median(ratios),
    ...{ low: Math.min(...ratios), high: Math.max(...ratios), rounds: ratios.length },
    ...{ ours: median(ours), theirs: median(theirs) },
  };
}

/**
 * Lets the contestants take turns; who begins moves on by one with each round.
 * @param warmUp rounds before the first that counts
 * @returns of each contestant one figure a round, in the order of the rounds
 */
export async function takeTurns(
  contestants: readonly Contestant[],
  rounds: number,
  warmUp = 1,
): Promise<number[][]> {
  const figures = contestants.map((): number[] => []);
  for (let round = -warmUp; round < rounds; round += 1) {
    for (let place = 0; place < contestants.length; place += 1) {
      const turn = (place + round + warmUp) % contestants.length;
      const figure = await (contestants[turn] as Contestant).turn();
      if (round >= 0) (figures[turn] as number[]).push(figure);
    }
  }
  return figures;
}

/** A program that lives for the whole comparison: it says `ready NAME`, and answers each line on stdin with one. */
export class Program {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string, args: string[]) {
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const { stdout } = this.#child;
    this.#lines = createInterface({ input: stdout as NodeJS.ReadableStream })[
      Symbol.asyncIterator
    ]();
  }

  /** @returns what it calls itself */
  async ready(): Promise<string> {
    return (await this.#line()).replace(/^ready /, '');
  }

  async answer(request: string): Promise<string> {
    this.#child.stdin?.write(`${request}\n`);
    return this.#line();
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.stdin?.end();
    await once(this.#child, 'close');
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('A program ended early; its reason stands above.');
    return value;
  }
}

/** A program that is started for each turn. @returns what it prints, and seconds from its start until it has ended */
export async function startToEnd(
  program: string,
  args: string[],
  cwd: string,
): Promise<{ seconds: number; output: string }> {
  const began = performance.now();
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const [status, signal] = await once(child, 'close');
  const seconds = (performance.now() - began) / 1000;
  if (status !== 0) throw new Error(`${program} ${args[0]} ended with ${signal ?? status}.`);
  return { seconds, output };
}

/** What figures depend on, in one line. */
export function machineInWords(): string {
  const { processor, threads, features, platform, node } = machineOf({ device: 'cpu', card: null });
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const count = `${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  return [processor, count, features.join(' '), memory, platform, `Node ${node}`].join(', ');
}

/**
 * Tells a person how the comparison came out, or with `json` a program, by a record as of now and here.
 * @param ours @param theirs as `compare` takes them
 */
export function tell(
  about: Pick<PairRecord, 'name' | 'unit' | 'goal' | 'versions' | 'command'>,
  ours: readonly number[] = [],
  theirs: readonly number[] = [],
  json = false,
): void {
  const time = new Date().toISOString();
  const record = { ...about, ...compare(ours, theirs), machine: machineInWords(), time };
  console.log(json ? JSON.stringify(record satisfies PairRecord) : inWords(record));
}

function inWords({ name, unit, versions, goal, ...record }: PairRecord): string {
  const [ratio, low, high] = [record.ratio, record.low, record.high].map((each) => each.toFixed(3));
  return [
    `${name}: ${ratio} (${low} to ${high}, ${record.rounds} rounds)${goal ? `, to be ${goal}` : ''}`,
    `  ours   ${digits(record.ours)} ${unit}, ${versions.ours}`,
    `  theirs ${digits(record.theirs)} ${unit}, ${versions.theirs}`,
  ].join('\n');
}

/** Three digits that count. */
export function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
