import type { RunRecord } from './report/record.js';
import { type Fact, figuresOf, outcomeOf, settingsOf } from './run-facts.js';

/** Two runs side by side, as the terminal and the page tell them. */
export type TwoRuns = [RunRecord, RunRecord];

/** One line of them. */
export interface Difference {
  name: string;
  texts: [string, string];
  /** What the second is beside the first; empty where nothing can be said. */
  difference: string;
}

/** Settings that differ, and all figures that either of them tells. */
export function differencesOf([a, b]: TwoRuns): { settings: Difference[]; figures: Difference[] } {
  const settings = sideBySide(settingsOf(a), settingsOf(b)).filter(
    ([one, other]) => one.value !== other.value,
  );
  const figures = sideBySide(figuresOf(a), figuresOf(b)).filter(
    ([one, other]) => one.value !== null || other.value !== null,
  );
  return { settings: settings.map(lineOf), figures: figures.map(lineOf) };
}

/** What a person has to know before they believe the differences. */
export function remarksOn(runs: TwoRuns): string[] {
  const [a, b] = runs;
  const remarks: string[] = [];
  for (const [at, run] of runs.entries()) {
    const outcome = outcomeOf(run);
    const name = ['first', 'second'][at];
    if (outcome === 'open') remarks.push(`The ${name} has not ended, or was killed.`);
    else if (outcome !== 'done') remarks.push(`The ${name} ${outcome} before its end.`);
  }
  const [one, other] = [a.started?.dataFingerprint, b.started?.dataFingerprint];
  if (one !== other) {
    remarks.push(
      'They were trained and validated on other photos, so that validation does not compare them.',
    );
  }
  const [first, second] = [a.saved?.model, b.saved?.model];
  if (first && second) {
    remarks.push(
      `Whether the models differ by more than chance: \`npx gillnet models compare ${first} ${second}\`.`,
    );
  }
  return remarks;
}

function sideBySide(ones: Fact[], others: Fact[]): [Fact, Fact][] {
  return ones.map((one, at) => [one, others[at] as Fact]);
}

function lineOf([one, other]: [Fact, Fact]): Difference {
  return { name: one.name, texts: [one.text, other.text], difference: one.apart(other) };
}
