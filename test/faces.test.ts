import { Writable } from 'node:stream';
import * as assert from 'uvu/assert';
import { drive } from '../lib/commands/drive.js';
import type { Settings } from '../lib/config.js';
import { GillnetError } from '../lib/errors.js';
import { describe } from '../lib/faces/event-lines.js';
import { duration, size } from '../lib/faces/format.js';
import { linesFace } from '../lib/faces/lines.js';
import { faceMode, jsonFace } from '../lib/faces/open-face.js';
import { rankFace } from '../lib/faces/rank-lines.js';
import { event, type GillnetEvent } from '../lib/pipeline/events.js';
import { failsWith } from './support/errors.js';
import { done, evaluationOf, step, story } from './support/story.js';
import { suite } from './support/suite.js';

const test = suite('faces');

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

test('numbers are written as people read them', () => {
  assert.equal(
    [duration(4.21), duration(59.6), duration(200), duration(7500)],
    ['4.2 s', '1 min 00 s', '3 min 20 s', '2 h 05 min'],
  );
  assert.equal([1500, 999_960, 44_800_000, 2.31e9].map(size), [
    '1.5 kB',
    '1.0 MB',
    '44.8 MB',
    '2.3 GB',
  ]);
});

test('plain lines tell each event once, and errors elsewhere', () => {
  const [output, errors] = [new Sink(), new Sink()];
  const face = linesFace(output, errors, () => 0);
  for (const each of [...story, done]) face.read(each);
  face.read(
    event('error', { code: 'NOT_FOUND', message: 'There is no such file.', photo: 'a.jpg' }),
  );
  assert.is(output.text.trim().split('\n').length, story.length - 2 + 1);
  assert.match(
    output.text,
    /3 groups of photos that show the same \(same bytes 2, same photo 1\); 2 of 8 test photos stand in training too; 2 photos quarantined, 1 further copy folded; left: train 64, test 8/,
  );
  assert.match(
    output.text,
    /done in 1 min 15 s: model model_v1_20260101T000000Z\.pt, validation accuracy 90\.0 %, test accuracy 85\.0 %/,
  );
  assert.is(errors.text, 'error [NOT_FOUND]: a.jpg: There is no such file.\n');
});

test('names that would steer a terminal are shown, not obeyed', () => {
  const skipped = event('skipped', { photo: 'a\u001b[2Jb\nc.jpg', reason: 'cut off' });
  const line = 'skipped a\ufffd[2Jb\ufffdc.jpg: cut off';
  assert.is(describe(skipped), line);
  const errors = new Sink();
  rankFace(1, errors).read(skipped);
  assert.is(errors.text, `rank 1: ${line}\n`);
});

test('plain lines speak of progress after ten quiet seconds', () => {
  let now = 0;
  const output = new Sink();
  const face = linesFace(output, new Sink(), () => now);
  face.read(step(1, 1, 1));
  assert.is(output.text, '');
  now = 10_000;
  face.read(step(1, 2, 1));
  face.read(step(1, 3, 1));
  assert.is(output.text, 'epoch 1, step 2/4: loss 1.0000, 16.0 images/s\n');
});

test('JSON lines are the events themselves', () => {
  const output = new Sink();
  const face = jsonFace(output);
  for (const each of story) face.read(each);
  assert.equal(
    output.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    story,
  );
});

test('int8 that was not kept is told with both figures', () => {
  const figures = { photos: 256, valAccuracy: 0.9, float32Accuracy: 0.92 };
  const line = (kept: boolean) => describe(event('quantized', { ...figures, kept })) ?? '';
  assert.match(line(true), /^quantized on 256 photos .* 90\.0 % in int8, 92\.0 % in float32$/);
  assert.match(line(false), /90\.0 % in int8, 92\.0 % in float32; .* in float32 alone$/);
});

test('an evaluation is one line with its intervals', () => {
  const evaluated = evaluationOf(
    ['a', 'b', 'c'],
    [
      [2, 0, 0],
      [1, 1, 0],
      [0, 0, 0],
    ],
  );
  assert.match(
    describe(evaluated) ?? '',
    /accuracy 75\.0 % \(95 %: 30\.1–95\.4\), balanced accuracy 75\.0 %, macro F1 0\.733 \(95 %: .*\), AUC .*, uncalibrated 12\.5 %/,
  );
});

test('an evaluation of a log from before intervals were told is a line still', () => {
  const { split, photos, accuracy, macroF1, ece, time } = evaluationOf(
    ['a', 'b'],
    [
      [3, 1],
      [0, 4],
    ],
  );
  const old = { type: 'evaluated', time, split, photos, accuracy, macroF1, ece, report: null };
  assert.match(
    describe(old as unknown as GillnetEvent) ?? '',
    /^evaluated on 8 photos of test: accuracy 87\.5 %, macro F1 0\.873, calibration error \d\.\d %$/,
  );
});

test('the terminal’s screen is for terminals', () => {
  assert.is(faceMode({ json: true }), 'json');
  assert.is(faceMode({}), 'lines', 'standard output is no terminal here');
});

test('a reader that throws is dropped, and the run goes on', async () => {
  const seen: string[] = [];
  const status = await drive(
    { json: true } as Settings,
    async function* (_settings, { addReader }) {
      addReader({
        read: () => {
          throw new Error('the reader is broken');
        },
      });
      addReader({ read: ({ type }) => void seen.push(type) });
      yield event('stage', { stage: 'train', detail: '' });
      yield { ...done, interrupted: true };
    },
  );
  assert.equal(seen, ['warning', 'stage', 'done']);
  assert.is(status, 130);
  await failsWith('IO', () =>
    drive({ json: true } as Settings, async function* () {
      yield done;
      throw new GillnetError('IO', 'gone');
    }),
  );
});

test.run();
