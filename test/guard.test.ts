import * as assert from 'uvu/assert';
import type { CatalogPhoto, Split } from '../lib/catalog/catalog.js';
import { partition } from '../lib/commands/training/partition.js';
import type { NearDuplicate } from '../lib/fingerprints/near-duplicates.js';
import { type GuardedPhoto, guard } from '../lib/pipeline/guard.js';
import { notesOn } from '../lib/pipeline/notes.js';
import { splitValidation } from '../lib/pipeline/split.js';
import { failsWith } from './support/errors.js';
import { photo } from './support/photos.js';
import { suite } from './support/suite.js';

const test = suite('guard and split');

const keysOf = (photos: CatalogPhoto[]) => photos.map(({ key }) => key);

/** Photos by `split/label/name=bytes~pixels`, as far as they differ. */
const photos = (...specs: string[]) =>
  specs.map((spec) => {
    const [key = '', content = key] = spec.split('=');
    const [split, label] = key.split('/');
    const [sha256 = '', pixelHash = sha256] = content.split('~');
    return photo({ key, split: split as Split, label: label ?? '', sha256, pixelHash });
  });

test('a photo that stands in train and in test judges, and trains no more', () => {
  const { kept, leaks, quarantined, folded, groups } = guard(
    photos('train/a/1=x', 'train/a/2', 'test/a/3=x', 'train/a/4=x'),
    'quarantine',
  );
  assert.equal(keysOf(kept), ['train/a/2', 'test/a/3']);
  assert.equal({ leaks, quarantined, folded }, { leaks: 1, quarantined: 2, folded: 0 });
  assert.equal(keysOf(groups[0]?.photos ?? []), ['test/a/3', 'train/a/1', 'train/a/4']);
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
  assert.equal(keysOf(groups[0]?.conflicting ?? []), ['train/a/1', 'train/b/2']);
});

test('the policy allow finds, takes nothing out, and says which photos training has seen', () => {
  const given = photos('train/a/1=x', 'test/a/2=x', 'test/a/3');
  const { kept, leaks, quarantined, seen } = guard(given, 'allow');
  assert.equal({ leaks, quarantined }, { leaks: 1, quarantined: 0 });
  assert.equal(
    kept.map((each) => [each.key, each.seen]),
    [
      ['train/a/1', false],
      ['test/a/2', true],
      ['test/a/3', false],
    ],
  );
  assert.equal(seen.test, { photos: 1, of: 2 });
  assert.not.ok(guard(given, 'quarantine').kept.some((each) => each.seen));
});

/** Pairs of pixel hashes that the fingerprints would tell. */
const near = (kind: NearDuplicate['kind'], ...pairs: [string, string][]): NearDuplicate[] =>
  pairs.map(([a, b]) => ({ a, b, kind, evidence: {} as NearDuplicate['evidence'] }));

test('a group is as loose as the tie that holds it together', () => {
  const given = photos(
    ...['train/a/1=p', 'train/a/2=p', 'train/a/3=q~p', 'train/a/4=r', 'test/a/5=s'],
    ...['train/a/6=t', 'train/a/7=u', 'train/a/8'],
  );
  const { groups, kinds, kept } = guard(given, 'quarantine', [
    ...near('same scene', ['r', 's'], ['p', 'r']),
    ...near('same photo', ['p', 'r'], ['t', 'u']),
  ]);
  assert.equal(
    groups.map(({ kind, photos, leak }) => [kind, photos.length, leak]),
    [
      ['same scene', 5, true],
      ['same photo', 2, false],
    ],
  );
  assert.equal(Object.values(kinds), [0, 0, 1, 1]);
  assert.equal(
    groups[0]?.ties.map(({ kind }) => kind),
    ['same bytes', 'same pixels', 'same photo', 'same scene', 'same scene'],
  );
  assert.equal(keysOf(kept), ['test/a/5', 'train/a/6', 'train/a/7', 'train/a/8']);
  assert.equal(
    kept.map(({ group }) => group),
    ['test/a/5', 'train/a/6', 'train/a/6', 'train/a/8'],
  );
});

test('equal pixels within a split are folded, other versions stay together in it', () => {
  const { kept, folded } = guard(
    photos('train/a/1=x', 'train/a/2=y~x', 'train/a/3=z'),
    'quarantine',
    near('same photo', ['x', 'z']),
  );
  assert.equal({ keys: keysOf(kept), folded }, { keys: ['train/a/1', 'train/a/3'], folded: 1 });
  assert.is(new Set(kept.map(({ group }) => group)).size, 1);
});

test('versions of one photo may not have two labels, and things of one scene may', () => {
  const given = photos('train/a/1=x', 'train/b/2=y', 'train/b/3=z');
  const { groups, kept, quarantined } = guard(given, 'quarantine', [
    ...near('same photo', ['x', 'y']),
    ...near('same scene', ['y', 'z']),
  ]);
  assert.equal(keysOf(groups[0]?.conflicting ?? []), ['train/a/1', 'train/b/2']);
  assert.equal([keysOf(kept), quarantined], [['train/b/3'], 2]);
  const [note] = notesOn(kept, groups);
  assert.match(note?.message ?? '', /under several labels: train\/a\/1 = train\/b\/2\./);
  assert.equal(
    keysOf(guard(given, 'quarantine', near('same scene', ['x', 'y'])).kept),
    keysOf(given),
  );
});

/** Photos of one label, a group of each content. */
const many = (label: string, count: number, content = (index: number) => `${label}${index}`) =>
  photos(
    ...Array.from({ length: count }, (_, index) => `train/${label}/${index}=${content(index)}`),
  ).map((each): GuardedPhoto => ({ ...each, group: each.sha256, seen: false }));

test('a fifth of every label validates, the same photos for the same seed', () => {
  const given = [...many('a', 50), ...many('b', 10)];
  const { train, val } = splitValidation(given, 0.2, 7);
  const ofLabel = (label: string) => val.filter((each) => each.label === label).length;
  assert.equal([ofLabel('a'), ofLabel('b'), train.length], [10, 2, 48]);
  assert.equal(keysOf(splitValidation(given, 0.2, 7).val), keysOf(val));
  assert.not.equal(keysOf(splitValidation(given, 0.2, 8).val), keysOf(val));
});

test('a label that is to validate and does not train is refused by its photo', async () => {
  const given = [...many('a', 3), ...many('b', 3)];
  const val = given.map((each) => ({ ...each, split: 'val' as const }));
  const settings = { validation: 'catalog', valFraction: 0.2 } as const;
  assert.is(partition([...given, ...val], settings, 1).val.length, 6);
  const untaught = { ...(val[0] as GuardedPhoto), key: 'val/c/0', label: 'c' };
  const error = await failsWith('NOT_ENOUGH_PHOTOS', async () =>
    partition([...given, ...val, untaught], settings, 1),
  );
  assert.match(error.message, /val\/c\/0 .* no photo of c trains.*--validation catalog/);
});

test('many photos of one scene are told of, as fixed cameras make them', () => {
  const given = photos('test/a/0=s0', ...Array.from({ length: 9 }, (_, i) => `train/a/${i}=t${i}`));
  const notesWith = (...pairs: [string, string][]) => {
    const { kept, groups } = guard(given, 'quarantine', near('same scene', ...pairs));
    return notesOn(kept, groups).filter(({ code }) => code === 'MANY_SCENES');
  };
  assert.match(notesWith(['s0', 't0'])[0]?.message ?? '', /^Of train 1 show/);
  assert.equal(notesWith(['t0', 't1']), []);
});

test('photos of one group are never parted', () => {
  const given = many('a', 60, (index) => `content ${index % 15}`);
  for (let seed = 0; seed < 20; seed += 1) {
    const { train, val } = splitValidation(given, 0.3, seed);
    const trained = new Set(train.map(({ group }) => group));
    assert.ok(val.length > 0);
    assert.is(val.filter(({ group }) => trained.has(group)).length, 0);
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

test('a label whose photos all hang on those of another is named', async () => {
  const given = [...many('a', 5), ...many('b', 3, () => 'a0')];
  const error = await failsWith('NOT_ENOUGH_PHOTOS', () => splitValidation(given, 0.2, 1));
  assert.match(error.message, /Label b/);
});

test.run();
