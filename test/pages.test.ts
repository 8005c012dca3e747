import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import {
  anchorsOf,
  type Block,
  blocksOf,
  commandsOf,
  proseOf,
  targetsOf,
} from './support/markdown.js';
import { contentOf, sourceFolders, sourcesIn } from './support/sources.js';
import { root, suite } from './support/suite.js';

const test = suite('README and docs');

const front = ['README.md', 'README.fr.md'];
const docs = readdirSync(path.join(root, 'docs')).filter((name) => name.endsWith('.md'));
const pages = [...front, ...docs.map((name) => `docs/${name}`)];

test('each link leads to a file, and to a heading of it', () => {
  for (const page of pages) {
    for (const target of targetsOf(page).filter((each) => !/^https?:/.test(each))) {
      const [file = '', anchor] = target.split('#');
      const led = file === '' ? page : path.join(path.dirname(page), file);
      assert.ok(existsSync(path.join(root, led)), `${page} links to ${target}`);
      if (anchor) assert.ok(anchorsOf(led).includes(anchor), `${page} links to ${target}`);
    }
  }
});

test('each page of docs/ is linked from the README', () => {
  const linked = targetsOf('README.md').map((target) => target.split('#')[0]);
  for (const name of docs) assert.ok(linked.includes(`docs/${name}`), name);
});

const sources = sourceFolders.flatMap(sourcesIn);
const found = (name: string) => sources.filter((file) => `/${file}`.endsWith(`/${name}`));
/** What gillnet is made of; tests and benchmarks may bear the name of what they are about. */
const isOwn = (file: string) => /^(lib|native|scripts)\//.test(file);

test('each file of ours that a page names is there, no other is meant, and it has what stands behind its name', () => {
  let named = 0;
  for (const page of pages) {
    const names = proseOf(page).matchAll(
      /`([\w./-]+\.(?:tsx?|cc|h|mjs))`(?=\s+`(#?\w+(?:\.\w+)?)`)?/g,
    );
    for (const [, name = '', inside] of names) {
      // LibTorch's own.
      if (name.startsWith('torch/')) continue;
      const [file = '', ...others] = found(name).sort(
        (a, b) => Number(isOwn(b)) - Number(isOwn(a)),
      );
      assert.ok(file, `${page} names ${name}`);
      assert.equal(others.filter(isOwn), [], `${page} names ${name}, which is not ${file} alone`);
      named += 1;
      const last = inside?.split('.').at(-1);
      if (!last) continue;
      assert.ok(contentOf(file).includes(last), `${page}: ${last} is not in ${name}`);
    }
  }
  assert.ok(named > 50, `${named}`);
});

test('the README is one in both languages: commands, links and pictures', () => {
  const commands = (block: Block) => [...commandsOf(block), block.notExecuted !== null];
  const [english, french] = front.map((page) => blocksOf(page).map(commands));
  assert.equal(french, english);
  const [there, back] = front.map(targetsOf);
  const turned = back?.map((target) => (target === front[0] ? front[1] : target));
  assert.equal(turned, there);
});

test('the README’s commands stand in blocks of sh, which are executed', () => {
  for (const page of front) {
    for (const { place, language } of blocksOf(page)) assert.is(language, 'sh', place);
    assert.is(contentOf(page).match(/^```/gm)?.length, 2 * blocksOf(page).length, page);
    const inline = proseOf(page).match(/`(?:npm|npx|node|gillnet|docker)\b[^`]*`/g);
    assert.is(inline, null, page);
  }
});

test.run();
