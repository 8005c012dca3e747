import { renderReport } from '../faces/report.js';
import { type EvaluateOptions, evaluate } from '../pipeline/evaluate.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import type { Run } from '../runs.js';

const reportName = 'report.html';

/** Evaluates and writes the report into the run's folder. @returns top-1 accuracy */
export async function* evaluating(
  options: Omit<EvaluateOptions, 'report'>,
  model: string,
  run: Run,
): AsyncGenerator<GillnetEvent, number> {
  let accuracy = 0;
  for await (const happened of evaluate({ ...options, report: run.pathOf(reportName) })) {
    if (happened.type === 'evaluated') {
      accuracy = happened.accuracy;
      try {
        await run.write(reportName, renderReport(happened, model));
      } catch (error) {
        yield event('warning', { code: 'IO', message: String((error as Error).message) });
        yield { ...happened, report: null };
        continue;
      }
    }
    yield happened;
  }
  return accuracy;
}
