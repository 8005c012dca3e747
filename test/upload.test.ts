import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { GillnetEvent } from '../lib/pipeline/events.js';
import { upload } from '../lib/pipeline/upload.js';
import { openDirectory } from '../lib/store/directory.js';
import { failsWith } from './support/errors.js';
import { collect, ofType } from './support/events.js';
import { writeFiles } from './support/photos.js';
import { suite, temporaryFolder } from './support/suite.js';

const test = suite('upload');

const photos = {
  'train/Gold Fish/a (1) [x].JPG': 'first',
  'Test/Gold Fish/ünï 100%.png': 'second',
  'val/Mud & Co/deep/c#1.webp': 'third',
};
const others = {
  'train/.DS_Store': 'x',
  'train/Gold Fish/._a.jpg': 'x',
  'notes.txt': 'x',
  'stray.jpg': 'x',
};

async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = temporaryFolder();
  await writeFiles(folder, files);
  return folder;
}

async function uploaded(from: string, to: string) {
  const { events } = await collect(upload({ from: openDirectory(from), to: openDirectory(to) }));
  const { photos, present, refused, ignored } = events.at(-1) as GillnetEvent<'uploaded'>;
  return { events, counts: { photos, present, refused, ignored } };
}

test('photos arrive under their keys; other files stay behind', async () => {
  const from = await folderWith({ ...photos, ...others });
  const to = path.join(temporaryFolder(), 'made when it is missing');
  const { counts } = await uploaded(from, to);
  assert.equal(counts, { photos: 3, present: 0, refused: 0, ignored: 4 });
  for (const [key, body] of Object.entries(photos)) {
    assert.is(await readFile(path.join(to, key), 'utf8'), body);
  }
});

test('a second upload sends what is missing, and refuses to overwrite what differs', async () => {
  const from = await folderWith(photos);
  const to = await folderWith({
    'train/Gold Fish/a (1) [x].JPG': 'first',
    'Test/Gold Fish/ünï 100%.png': 'SECOND',
    'train/elsewhere.jpg': 'stays',
  });
  const { counts, events } = await uploaded(from, to);
  assert.equal(counts, { photos: 1, present: 1, refused: 1, ignored: 0 });
  const [refusal] = ofType(events, 'error');
  assert.equal([refusal?.code, refusal?.photo], ['EXISTS', 'Test/Gold Fish/ünï 100%.png']);
  assert.is(await readFile(path.join(to, 'Test/Gold Fish/ünï 100%.png'), 'utf8'), 'SECOND');
  assert.is(await readFile(path.join(to, 'train/elsewhere.jpg'), 'utf8'), 'stays');
});

test('two uploads at once both end well', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 200 }, (_, at) => [`train/a/${at}.jpg`, `content ${at}`]),
  );
  const from = await folderWith(many);
  const to = temporaryFolder();
  const ends = await Promise.all([uploaded(from, to), uploaded(from, to)]);
  assert.is(ends[0].counts.refused + ends[1].counts.refused, 0);
  assert.is(ends[0].counts.photos + ends[1].counts.photos, 200);
});

test('a folder without photos is named with what was expected', async () => {
  const from = await folderWith(others);
  const error = await failsWith('NOT_FOUND', () => uploaded(from, temporaryFolder()));
  assert.match(error.message, /train\/<label>\/<photo>.*4 other files/);
});

test.run();
