import { messageOf } from '../errors.js';
import { confusionCsv } from '../faces/csv.js';
import { metricsJson } from '../faces/metrics-json.js';
import { type Report, reportName } from '../faces/report/face.js';
import { type EvaluateOptions, evaluate } from '../pipeline/evaluate.js';
import { event, type GillnetEvent } from '../pipeline/events.js';
import type { Run } from '../runs.js';

/**
 * Evaluates and writes what was found into the run's folder: the report, too, which is written again when the run
 * ends, so that the event names a file that is there. @returns top-1 accuracy
 */
export async function* evaluating(
  options: Omit<EvaluateOptions, 'report'>,
  run: Run,
  report: Report,
): AsyncGenerator<GillnetEvent, number> {
  let accuracy = 0;
  for await (const happened of evaluate({ ...options, report: run.pathOf(reportName) })) {
    if (happened.type !== 'evaluated') {
      yield happened;
      continue;
    }
    let { report: written } = happened;
    accuracy = happened.accuracy;
    for (const [name, writing] of [
      [reportName, () => report.write(happened)],
      ['metrics.json', () => run.write('metrics.json', metricsJson(happened))],
      ['confusion.csv', () => run.write('confusion.csv', confusionCsv(happened))],
    ] as const) {
      try {
        await writing();
      } catch (error) {
        if (name === reportName) written = null;
        yield event('warning', { code: 'IO', message: messageOf(error) });
      }
    }
    yield { ...happened, report: written };
  }
  return accuracy;
}
