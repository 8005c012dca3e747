import './support/small-network.js';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { evaluating } from '../lib/commands/evaluating.js';
import { reportOf } from '../lib/commands/recording.js';
import { confusionCsv, csv } from '../lib/faces/csv.js';
import { metricsJson } from '../lib/faces/metrics-json.js';
import { emptyRecord } from '../lib/faces/report/record.js';
import { Classifier } from '../lib/model/classifier.js';
import { Run } from '../lib/runs.js';
import { collect, ofType } from './support/events.js';
import { evaluationOf } from './support/story.js';
import { suite, temporaryFolder } from './support/suite.js';
import { classes, photos, read, size } from './support/training.js';

const test = suite('files of an evaluation');

/** The rows of a text as RFC 4180 describes it, character by character. */
function parse(text: string): string[][] {
  const rows: string[][] = [];
  let [row, field, quoted]: [string[], string, boolean] = [[], '', false];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    if (quoted && character === '"' && text[at + 1] === '"') {
      field += '"';
      at += 1;
    } else if (character === '"') quoted = !quoted;
    else if (quoted) field += character;
    else if (character === ',') {
      row.push(field);
      field = '';
    } else if (character === '\r' && text[at + 1] === '\n') {
      rows.push([...row, field]);
      [row, field] = [[], ''];
      at += 1;
    } else field += character;
  }
  assert.equal([row, field, quoted], [[], '', false], 'the last row is ended');
  return rows;
}

const hard = ['carp, wild', 'the "big" one', 'two\nlines', 'CR\rLF\r\n', '', '""', 'Meeräsche 🐟'];

test('fields with commas, quotes and line ends are quoted, and no others', () => {
  assert.is(csv([['a b', 'c,d', 'e"f', 'g\nh', 1]]), 'a b,"c,d","e""f","g\nh",1\r\n');
  const rows = hard.map((each) => [each, ...hard]);
  assert.equal(parse(csv(rows)), rows);
});

test('the confusion matrix is read back with its labels', () => {
  const confusion = hard.map((_, row) => hard.map((_, column) => (row === column ? 3 : row)));
  const [header, ...rows] = parse(confusionCsv(evaluationOf(hard, confusion)));
  assert.equal(header, ['true label', ...hard]);
  assert.equal(
    rows.map(([label]) => label),
    hard,
  );
  assert.equal(
    rows.map(([, ...counts]) => counts.map(Number)),
    confusion,
  );
});

test('metrics.json holds every figure of the event, and what is confused most', () => {
  const evaluated = evaluationOf(
    ['a', 'b', 'c'],
    [
      [5, 2, 0],
      [3, 1, 0],
      [0, 0, 0],
    ],
  );
  const { topConfusions, ...figures } = JSON.parse(metricsJson(evaluated));
  const { type: _, report: __, ...expected } = evaluated;
  assert.equal(figures, expected);
  assert.equal(topConfusions, [
    { label: 'b', predicted: 'a', count: 3, share: 0.75 },
    { label: 'a', predicted: 'b', count: 2, share: 2 / 7 },
  ]);
});

test('three files are written; one that can not be is a warning and hinders no other', async () => {
  const classifier = new Classifier({ classes, imageSize: size });
  const options = { classifier, model: 'model.pt', photos, read, size, split: 'test' };
  try {
    const run = await Run.create(temporaryFolder());
    const report = reportOf(run, emptyRecord(run.id));
    const { events, result } = await collect(evaluating(options, run, report));
    assert.equal(readdirSync(run.folder).sort(), ['confusion.csv', 'metrics.json', 'report.html']);
    const [evaluated] = ofType(events, 'evaluated');
    assert.is(evaluated?.report, path.join(run.folder, 'report.html'));
    const written = JSON.parse(readFileSync(run.pathOf('metrics.json'), 'utf8'));
    assert.equal([written.accuracy, written.photos], [result, photos.length]);

    for (const name of ['report.html', 'metrics.json']) {
      const blocked = await Run.create(temporaryFolder());
      mkdirSync(blocked.pathOf(name));
      const report = reportOf(blocked, emptyRecord(blocked.id));
      const { events } = await collect(evaluating(options, blocked, report));
      assert.equal(
        ofType(events, 'warning').map(({ code }) => code),
        ['IO'],
      );
      assert.match(ofType(events, 'warning')[0]?.message ?? '', new RegExp(name));
      assert.is(readdirSync(blocked.folder).length, 3);
      assert.is(ofType(events, 'evaluated')[0]?.report === null, name === 'report.html');
    }
  } finally {
    classifier.dispose();
  }
});

test.run();
