import type { Interval } from '../metrics/interval.js';
import type { GillnetEvent } from '../pipeline/events.js';
import { figureWithin, percent, percentWithin } from './format.js';

const escapes: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const text = (value: unknown) =>
  String(value).replace(/[&<>"']/g, (character) => escapes[character] as string);

const style = `
  body { font: 16px/1.5 system-ui, sans-serif; color: #1c2730; margin: 2.5rem auto; max-width: 56rem; padding: 0 1rem }
  h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
  dl { display: flex; gap: 2.5rem; flex-wrap: wrap } dt { color: #5b6b78; font-size: .85rem } dd { margin: 0; font-size: 1.6rem }
  table { border-collapse: collapse } th, td { padding: .35rem .75rem; text-align: right }
  th { color: #5b6b78; font-weight: 500 } th[scope=row] { text-align: left }
  .confusion td { min-width: 3.2rem } p, caption { color: #5b6b78; text-align: left }
  .leaked { color: #a02c1c; font-weight: 600 }`;

const decimals = (value: number) => value.toFixed(3);
/** A dash for what is undefined. */
const defined = (value: number | null, written: (value: number) => string) =>
  value === null ? '–' : written(value);
const share = (value: number | null, interval: Interval | null) =>
  defined(value, (value) => percentWithin(value, interval));

/** What an evaluation found, as one HTML page that needs nothing else. */
export function renderReport(event: GillnetEvent<'evaluated'>, model: string): string {
  const { classes, confusion } = event;
  const figures: [string, string][] = [
    ['Top-1 accuracy', percentWithin(event.accuracy, event.accuracyInterval)],
    ['Balanced accuracy', defined(event.balancedAccuracy, percent)],
    ['Macro F1', figureWithin(event.macroF1, event.macroF1Interval)],
    ['ROC AUC', defined(event.auc, decimals)],
    ['Log loss', defined(event.logLoss, decimals)],
    ['Brier score', defined(event.brier, decimals)],
    ['Calibration error', percent(event.ece)],
    ['Uncalibrated', percent(event.eceUncalibrated)],
    ['Photos', String(event.photos)],
  ];
  const perClass = classes.map(
    ({ label, f1, auc, support, ...shares }) =>
      `<tr><th scope="row">${text(label)}</th>` +
      `<td>${share(shares.precision, shares.precisionInterval)}</td>` +
      `<td>${share(shares.recall, shares.recallInterval)}</td>` +
      `<td>${defined(f1, decimals)}</td><td>${defined(auc, decimals)}</td><td>${support}</td></tr>`,
  );
  const matrix = confusion.map((row, index) => {
    const total = Math.max(
      1,
      row.reduce((sum, value) => sum + value, 0),
    );
    const cells = row.map((value, column) => {
      const colour = column === index ? '22,120,90' : '190,60,40';
      return `<td style="background:rgba(${colour},${(0.75 * (value / total)).toFixed(3)})">${value}</td>`;
    });
    return `<tr><th scope="row">${text(classes[index]?.label)}</th>${cells.join('')}</tr>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${text(model)} on ${text(event.split)}</title><style>${style}</style></head><body>
<h1>${text(model)} on ${text(event.split)}</h1>
${event.leaks > 0 ? `<p class="leaked">These figures flatter: ${event.leaks} of these photos trained as well, as the policy allowed. The model has seen their answers.</p>` : ''}
<dl>${figures.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>
<h2>By class</h2>
<table><thead><tr><th></th><th>Precision</th><th>Recall</th><th>F1</th><th>ROC AUC</th><th>Photos</th></tr></thead>
<tbody>${perClass.join('\n')}</tbody></table>
<h2>Confusion matrix</h2>
<table class="confusion"><caption>Rows: true label. Columns: predicted label.</caption>
<thead><tr><th></th>${classes.map(({ label }) => `<th scope="col">${text(label)}</th>`).join('')}</tr></thead>
<tbody>${matrix.join('\n')}</tbody></table>
<p>In brackets: 95 % intervals, Wilson's of shares and the stratified bootstrap's of macro F1. ROC AUC: each class
against the rest; the figure above is their mean. Calibration error: expected calibration error over 15 bins, with the
model's temperature of ${decimals(event.temperature)} and without. Written ${text(event.time)}.</p>
</body></html>
`;
}
