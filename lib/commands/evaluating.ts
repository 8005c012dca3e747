import { confusionCsv } from '../faces/csv.js';
import { metricsJson } from '../faces/metrics-json.js';
import { renderReport } from '../faces/report.js';
import { type EvaluateOptions, evaluate } from '../pipeline/evaluate.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import type { Run } from '../runs.js';

const reportName = 'report.html';

/** What is written of an evaluation into the run's folder. */
const files: [name: string, render: typeof renderReport][] = [
  [reportName, renderReport],
  ['metrics.json', metricsJson],
  ['confusion.csv', confusionCsv],
];

/** Evaluates and writes what was found into the run's folder. @returns top-1 accuracy */
export async function* evaluating(
  options: Omit<EvaluateOptions, 'report'>,
  model: string,
  run: Run,
): AsyncGenerator<GillnetEvent, number> {
  let accuracy = 0;
  for await (const happened of evaluate({ ...options, report: run.pathOf(reportName) })) {
    if (happened.type !== 'evaluated') {
      yield happened;
      continue;
    }
    accuracy = happened.accuracy;
    let { report } = happened;
    for (const [name, render] of files) {
      try {
        await run.write(name, render(happened, model));
      } catch (error) {
        yield event('warning', { code: 'IO', message: String((error as Error).message) });
        if (name === reportName) report = null;
      }
    }
    yield { ...happened, report };
  }
  return accuracy;
}
