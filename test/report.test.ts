import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseHTML } from 'linkedom/worker';
import * as assert from 'uvu/assert';
import { drive } from '../lib/commands/drive.js';
import { recording } from '../lib/commands/recording.js';
import type { Settings } from '../lib/config.js';
import { GillnetError } from '../lib/errors.js';
import { renderReport } from '../lib/faces/report/page.js';
import { event, type GillnetEvent } from '../lib/pipeline/events.js';
import { Run } from '../lib/runs.js';
import { failsWith } from './support/errors.js';
import { gillnetHere } from './support/here.js';
import { hostileNames, hostileStory, recordOf, storyOf } from './support/reported.js';
import { line, readLog, writeLog } from './support/run-logs.js';
import { done, epoch, evaluated, evaluationOf, started, story } from './support/story.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('the report');

const pageOf = (events: GillnetEvent[]) => parseHTML(renderReport(recordOf(events))).document;
const headingsOf = (events: GillnetEvent[]) =>
  [...pageOf(events).querySelectorAll('h2')].map(({ textContent }) => textContent);
/** A table's cells as text, its head first. */
function cellsOf(page: ReturnType<typeof pageOf>, caption: RegExp): string[][] {
  const table = [...page.querySelectorAll('table')].find((each) =>
    caption.test(each.querySelector('caption')?.textContent ?? ''),
  );
  assert.ok(table, `no table ${caption}`);
  return [...table.querySelectorAll('tr')].map((row) =>
    [...row.querySelectorAll('th, td')].map(({ textContent }) => textContent?.trim() ?? ''),
  );
}
/** Each epoch's number and validation accuracy. */
const epochsIn = (page: ReturnType<typeof pageOf>) =>
  cellsOf(page, /^Each epoch/)
    .slice(1)
    .map(([number, , , , accuracy]) => `${number} ${accuracy}`);
const without = <T extends object>(value: T, ...names: (keyof T)[]): T => {
  const left = { ...value };
  for (const name of names) delete left[name];
  return left;
};

test('a run’s figures stand in it with their intervals, as text and in tables', () => {
  const page = pageOf(storyOf(3, 4));
  const text = page.body.textContent?.replace(/\s+/g, ' ') ?? '';
  const { classes, confusion, photos, accuracy } = storyOf(3, 4).find(
    (each): each is GillnetEvent<'evaluated'> => each.type === 'evaluated',
  ) as GillnetEvent<'evaluated'>;
  assert.match(text, `The model tells ${Math.round(accuracy * photos)} of ${photos} photos`);
  const [head, ...rows] = cellsOf(page, /true label \(rows\)/);
  assert.equal(head, ['True label', ...classes.map(({ label }) => label)]);
  assert.equal(
    rows.map(([, ...counts]) => counts.map(Number)),
    confusion,
  );
  assert.match(cellsOf(page, /^Recall/)[1]?.[3] ?? '', /^\d+\.\d % \(\d+\.\d–\d+\.\d\)$/);
  assert.is(cellsOf(page, /^Each epoch/).length, 1 + 4);
  assert.match(text, /abababab/);
});

test('what is undefined is a dash', () => {
  const page = pageOf([
    evaluationOf(
      ['a', 'b', 'c'],
      [
        [2, 0, 0],
        [1, 1, 0],
        [0, 0, 0],
      ],
    ),
  ]);
  const [, a, , c] = cellsOf(page, /^Recall/);
  assert.equal(a?.slice(0, 6), [
    'a',
    '1',
    '2',
    '100.0 % (34.2–100.0)',
    '66.7 % (20.8–93.9)',
    '0.800',
  ]);
  assert.equal(c, ['c', '3', '0', '–', '–', '–', '–']);
});

test('what a run has nothing of is left out', () => {
  assert.equal(headingsOf([started]), ['Configuration and provenance']);
  assert.not(headingsOf(story).includes('Calibration'));
  assert.ok(headingsOf(story).includes('Training'));
  assert.equal(headingsOf([evaluated(['a', 'b'])]).slice(0, 4), [
    ...['Figures', 'What is taken for what', 'By class', 'Calibration'],
  ]);
  assert.is(headingsOf(storyOf(2, 1)).length, 12);
});

test('charts are drawn of one epoch and two classes, and of many', () => {
  for (const [classes, epochs] of [
    [2, 1],
    [100, 200],
  ] as const) {
    const page = pageOf(storyOf(classes, epochs));
    const charts = [...page.querySelectorAll('[role=img]')];
    assert.is(charts.length, classes > 20 ? 5 : 4);
    for (const chart of charts) {
      assert.ok((chart.getAttribute('aria-label') ?? '').length > 40);
      assert.ok(chart.querySelectorAll('svg path, svg rect, svg circle').length > 0);
      assert.not.match(chart.innerHTML, /NaN|undefined|null/);
    }
    const size = page.toString().length;
    assert.ok(size < 1e6, `${size} characters`);
  }
});

test('names from elsewhere are shown and do nothing', () => {
  const html = renderReport(recordOf(hostileStory(), hostileNames[0]));
  assert.not.match(html, /[^\P{Cc}\n\t]/u);
  const page = parseHTML(html).document;
  assert.is(
    page.querySelectorAll('script, [onerror], b b, iframe, link:not([rel=icon])').length,
    0,
  );
  assert.is(page.querySelectorAll('img:not([src^="data:image/webp;base64,"])').length, 0);
  assert.equal(
    cellsOf(page, /true label \(rows\)/)
      .slice(1)
      .map(([label]) => label),
    hostileNames.map((name) => name.replace(/[^\P{Cc}\n\t]/gu, '\ufffd').trim()),
  );
  assert.match(
    page.querySelector('meta[http-equiv]')?.getAttribute('content') ?? '',
    /^default-src 'none'; style-src 'unsafe-inline'; img-src data:;/,
  );
});

test('a log from before something was told is a report still', () => {
  const [first, second] = [evaluated(['a', 'b']), epoch(1, 0.5, true)];
  const old = [
    event('guarded', {
      ...without(
        story.find((each) => each.type === 'guarded') as GillnetEvent<'guarded'>,
        'kinds',
        'seen',
      ),
    }),
    without(started, 'versions'),
    without(second, 'trainAccuracy', 'classes', 'wrongest'),
    {
      ...without(first, 'model', 'accuracyInterval', 'balancedAccuracy', 'macroF1Interval', 'auc'),
      ...{ confusion: undefined, reliability: undefined, unseen: undefined, leaks: undefined },
      ...{ classes: undefined, logLoss: undefined, brier: undefined, temperature: undefined },
    },
    event('picture', { photo: 'a', image: '' }),
    { type: 'invented', time: first.time },
  ].map((each) => JSON.parse(JSON.stringify(each)));
  const page = pageOf(old);
  assert.match(page.body.textContent ?? '', /Top-1 accuracy75\.0 %/);
  assert.not.match(page.body.textContent ?? '', /NaN|undefined|null/);
});

test('a resumed run’s epochs are those that count, and its pause is no time', () => {
  const at = (minute: number, happened: GillnetEvent) => ({
    ...happened,
    time: `2026-01-01T00:${String(minute).padStart(2, '0')}:00.000Z`,
  });
  const train = event('stage', { stage: 'train', detail: 'run' });
  const events = [
    ...[at(0, train), at(0, started), at(1, epoch(1, 0.5, true)), at(2, epoch(2, 0.9, true))],
    // It was killed, and went on half an hour later from the checkpoint of its first epoch.
    ...[at(32, train), at(32, started), at(33, epoch(2, 0.8, true)), at(34, done)],
  ];
  const page = pageOf(events);
  assert.equal(epochsIn(page), ['1 ★ 50.0 %', '2 ★ 80.0 %']);
  assert.equal(cellsOf(page, /^From a stage/)[1]?.slice(0, 2), ['train', '4 min 00 s']);
});

test('the report of a resumed run tells the epochs of its checkpoint, also where its log was lost', () => {
  const history = [epoch(1, 0.5, true), epoch(2, 0.9, false)];
  const resumed = [started, event('resumed', { epoch: 3, step: 0, history }), epoch(3, 0.8, false)];
  // What was done after the checkpoint is done again, and counts once.
  const logged = [started, ...history, epoch(3, 0.6, true), epoch(4, 0.7, true)];
  for (const events of [resumed, [...logged, ...resumed]]) {
    assert.equal(epochsIn(pageOf(events)), ['1 ★ 50.0 %', '2 90.0 %', '3 80.0 %']);
  }
});

/** What comes of stages that yield this, and then throw; `told` is what one more reader was told. */
async function driven(events: GillnetEvent[], failure?: Error, prepare = (_: Run) => {}) {
  const run = await Run.create(temporaryFolder());
  prepare(run);
  const told: GillnetEvent[] = [];
  const work = drive({ json: true } as Settings, async function* (_settings, context) {
    yield event('skipped', { photo: 'before.jpg', reason: 'there was no run yet' });
    await recording(run, context);
    context.addReader({ read: (each) => void told.push(each) });
    yield* events;
    if (failure) throw failure;
  });
  const status = await work.catch((error) => error);
  return { run, status, told, logged: readLog(path.dirname(run.folder)) };
}
const written = (run: Run) => readFileSync(run.pathOf('report.html'), 'utf8');

test('it is written however a run ends, with what happened before there was a folder', async () => {
  const well = await driven([started, done]);
  assert.is(well.status, 0);
  assert.match(written(well.run), /before\.jpg/);
  assert.equal(
    well.logged.map(({ type }) => type),
    ['skipped', 'started', 'done'],
  );
  const stopped = await driven([{ ...done, interrupted: true }]);
  assert.match(written(stopped.run), /was stopped/);
  const failed = await driven([started], new GillnetError('IO', 'The disk is gone.'));
  assert.is(failed.status.code, 'IO');
  assert.match(written(failed.run), /not come to its end: .*The disk is gone\./);
});

test('that it can not be written is told, and the run and its log end as they would', async () => {
  const { status, told, logged } = await driven([done], undefined, (run) =>
    mkdirSync(run.pathOf('report.html')),
  );
  assert.is(status, 0);
  const last = told.at(-1);
  assert.ok(last?.type === 'warning');
  assert.match(last.message, /Can't write .*report\.html/);
  assert.is(logged.at(-1)?.type, 'done');
});

test('the command writes it again from the log alone', async () => {
  const runs = temporaryFolder();
  const id = '20260101T000000Z';
  writeLog(runs, id, storyOf(3, 2));
  const gillnet = (...args: string[]) =>
    gillnetHere(['report', '--runs', runs, ...args], { cwd: runs });
  const file = path.join(runs, id, 'report.html');
  const { status, stdout, stderr } = await gillnet();
  assert.equal([status, stdout, stderr], [0, `${file}\n`, '']);
  assert.match(readFileSync(file, 'utf8'), /By class/);

  writeLog(runs, id, `{"type":"epo\n${line(started)}{"type":"ep`);
  const again = await gillnet(id, '--json');
  assert.is(again.status, 0);
  assert.equal(JSON.parse(again.stdout).report, file);
  assert.match(readFileSync(file, 'utf8'), /had not ended when this was written/);
  const missing = await gillnet('nothing');
  assert.is(missing.status, 2);
  assert.match(missing.stderr, /no run .*nothing/);
  await failsWith('NOT_FOUND', () => Run.newest(temporaryFolder(), 'events.jsonl'));
});

test.run();
