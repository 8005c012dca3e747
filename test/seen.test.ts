import * as assert from 'uvu/assert';
import { listedIn, seenAmong } from '../lib/pipeline/seen.js';
import { photo } from './support/photos.js';
import { suite } from './support/suite.js';

const test = suite('photos that a model has seen');

const at = (key: string, sha256: string, pixelHash: string) => photo({ key, sha256, pixelHash });
const trained = at('train/a.jpg', 'a', '1');
const manifest = [{ sha256: 'a', pixelHash: '1' }];

test('a photo is listed by its bytes or by its pixels', () => {
  const looked = [at('x', 'a', '9'), at('y', 'e', '1'), at('z', 'e', '9')];
  assert.equal(looked.map(listedIn(manifest)), [true, true, false]);
  assert.equal(looked.map(listedIn([])), [false, false, false]);
});

test('other versions of a listed photo are seen, also through one another', () => {
  const small = at('test/small.jpg', 'b', '2');
  const cropped = at('test/cropped.jpg', 'c', '3');
  const stranger = at('test/stranger.jpg', 'd', '4');
  const tie = (a: string, b: string) => ({
    a,
    b,
    kind: 'same photo' as const,
    evidence: null as never,
  });
  const near = [tie('1', '2'), tie('2', '3')];
  const photos = [trained, small, cropped, stranger];
  assert.equal([...seenAmong(photos, manifest, near)].map(({ key }) => key).sort(), [
    ...['test/cropped.jpg', 'test/small.jpg', 'train/a.jpg'],
  ]);
  // What ties them to the training is not there.
  assert.is(seenAmong([cropped, stranger], manifest, near).size, 0);
  assert.is(seenAmong(photos, [], near).size, 0);
});

test.run();
