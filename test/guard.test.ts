import * as assert from 'uvu/assert';
import type { CatalogPhoto, Split } from '../lib/catalog/catalog.js';
import { guard } from '../lib/pipeline/guard.js';
import { notesOn } from '../lib/pipeline/notes.js';
import { splitValidation } from '../lib/pipeline/split.js';
import { failsWith } from './support/errors.js';
import { photo } from './support/photos.js';
import { suite } from './support/suite.js';

const test = suite('guard and split');

const keysOf = (photos: CatalogPhoto[]) => photos.map(({ key }) => key);

/** Photos by `split/label/name=content`. */
const photos = (...specs: string[]) =>
  specs.map((spec) => {
    const [key = '', content = key] = spec.split('=');
    const [split, label] = key.split('/');
    return photo({ key, split: split as Split, label: label ?? '', sha256: content });
  });

test('a photo that stands in train and in test judges, and trains no more', () => {
  const { kept, leaks, quarantined, folded, groups } = guard(
    photos('train/a/1=x', 'train/a/2', 'test/a/3=x', 'train/a/4=x'),
    'quarantine',
  );
  assert.equal(keysOf(kept), ['train/a/2', 'test/a/3']);
  assert.equal({ leaks, quarantined, folded }, { leaks: 1, quarantined: 2, folded: 0 });
  assert.equal(groups[0]?.photos, ['test/a/3', 'train/a/1', 'train/a/4']);
});

test('validation gives way to test, and train to validation', () => {
  const { kept } = guard(
    photos('train/a/1=x', 'val/a/2=x', 'train/a/3=y', 'val/a/4=y', 'test/a/5=y'),
    'quarantine',
  );
  assert.equal(keysOf(kept), ['val/a/2', 'test/a/5']);
});

test('copies within a split are folded into one', () => {
  const { kept, folded, leaks } = guard(
    photos('train/a/1=x', 'train/a/2=x', 'train/a/3=x'),
    'quarantine',
  );
  assert.equal({ keys: keysOf(kept), folded, leaks }, { keys: ['train/a/1'], folded: 2, leaks: 0 });
});

test('the same photo under two labels takes part nowhere', () => {
  const { kept, groups, quarantined } = guard(
    photos('train/a/1=x', 'train/b/2=x', 'train/b/3'),
    'quarantine',
  );
  assert.equal(keysOf(kept), ['train/b/3']);
  assert.is(quarantined, 2);
  assert.is(groups[0]?.conflict, true);
});

test('the policy allow finds, and takes nothing out', () => {
  const given = photos('train/a/1=x', 'test/a/2=x');
  const { kept, leaks, quarantined } = guard(given, 'allow');
  assert.equal({ kept: kept.length, leaks, quarantined }, { kept: 2, leaks: 1, quarantined: 0 });
});

const many = (label: string, count: number, content = (index: number) => `${label}${index}`) =>
  photos(
    ...Array.from({ length: count }, (_, index) => `train/${label}/${index}=${content(index)}`),
  );

test('a fifth of every label validates, the same photos for the same seed', () => {
  const given = [...many('a', 50), ...many('b', 10)];
  const { train, val } = splitValidation(given, 0.2, 7);
  const ofLabel = (label: string) => val.filter((each) => each.label === label).length;
  assert.equal([ofLabel('a'), ofLabel('b'), train.length], [10, 2, 48]);
  assert.equal(keysOf(splitValidation(given, 0.2, 7).val), keysOf(val));
  assert.not.equal(keysOf(splitValidation(given, 0.2, 8).val), keysOf(val));
});

test('copies of one photo are never parted', () => {
  const given = many('a', 60, (index) => `content ${index % 15}`);
  for (let seed = 0; seed < 20; seed += 1) {
    const { train, val } = splitValidation(given, 0.3, seed);
    const trained = new Set(train.map(({ sha256 }) => sha256));
    assert.ok(val.length > 0);
    assert.is(val.filter(({ sha256 }) => trained.has(sha256)).length, 0);
  }
});

test('what makes figures doubtful is told, and nothing where there is nothing', () => {
  const notes = (train: Record<string, number>, test: Record<string, number>, width = 100) =>
    notesOn(
      Object.entries({ train, test }).flatMap(([split, labels]) =>
        Object.entries(labels).flatMap(([label, count]) =>
          Array.from({ length: count }, (_, index) =>
            photo({
              ...{ key: `${split}/${label}/${index}`, label, width, height: 80 },
              split: split as 'train',
            }),
          ),
        ),
      ),
    );
  assert.equal(notes({ a: 20, b: 99 }, { a: 20, b: 20 }), []);
  assert.equal(notes({ a: 20, b: 99 }, {}), [], 'without test photos there is nothing to judge');
  const [few] = notes({ a: 20, b: 99 }, { a: 19, b: 20 });
  assert.is(few?.code, 'FEW_TO_JUDGE');
  assert.match(few?.message ?? '', /: a \(19\)\./);
  const [unequal] = notes({ a: 20, b: 100, c: 50 }, {});
  assert.match(unequal?.message ?? '', /100 photos of b and 20 of a/);
  const [untaught, untested] = notes({ a: 20, b: 20 }, { a: 20, carp: 20 });
  assert.match(untaught?.message ?? '', /photos of carp, and train has none/);
  assert.match(untested?.message ?? '', /: b \(0\)\./);
  const [tiny] = notes({ a: 20, b: 20 }, {}, 63);
  assert.match(tiny?.message ?? '', /64 pixels: train\/a\/0, .* and 35 more/);
});

test('a label of one photo is named, since it can not stand on both sides', async () => {
  const error = await failsWith('NOT_ENOUGH_PHOTOS', () =>
    splitValidation([...many('a', 5), ...many('lone', 1)], 0.2, 1),
  );
  assert.match(error.message, /lone/);
});

test.run();
