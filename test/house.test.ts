import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import * as assert from 'uvu/assert';
import { contentOf, sourceFolders, sourcesIn } from './support/sources.js';
import { root, suite } from './support/suite.js';

const test = suite('the rules of the house');

test('the linter finds nothing: rules, format, which way imports point, what nobody uses', async () => {
  const lint = spawn('npm', ['run', '--silent', 'lint'], {
    ...{ cwd: root, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' },
  });
  const said = Promise.all([text(lint.stdout), text(lint.stderr)]);
  const [[status], output] = await Promise.all([once(lint, 'close'), said]);
  assert.is(status, 0, output.join('\n'));
});

/** A comment that a file begins with. */
const head = /^(?:#!.*\n)?(?:\/\/|#|\/\*\*?|"""|<!--) ?Long, because \S/;
const mostLines = 300;

for (const folder of sourceFolders) {
  test(`a file of ${folder}/ has ${mostLines} lines at most, or begins with why it is long`, () => {
    const sources = sourcesIn(folder);
    assert.ok(sources.length > 0);
    const long = sources
      .map((file) => ({ file, content: contentOf(file) }))
      .filter(({ content }) => content.trimEnd().split('\n').length > mostLines)
      .filter(({ content }) => !head.test(content))
      .map(({ file }) => file);
    assert.equal(long, [], 'ask what second subject moved in, or begin with `// Long, because …`');
  });
}

interface Unit {
  /** From native/. */
  file: string;
  /** What it includes as `<header>`, and through which of its own files. */
  headers: Set<string>;
}

const native = sourcesIn('native')
  .filter((file) => /\.(cc|h)$/.test(file))
  .map((file) => file.slice('native/'.length));

/** What stands behind `#include`, its quotes or brackets around it. */
const includesOf = (file: string) =>
  [...contentOf(`native/${file}`).matchAll(/^\s*#\s*include\s*(<[^>]+>|"[^"]+")/gm)].map(
    ([, name]) => name as string,
  );

/** A file of native/ that another names: beside it, or from the top. */
function named(from: string, name: string): string | null {
  const places = [path.posix.join(path.posix.dirname(from), name), name];
  return places.find((file) => existsSync(path.join(root, 'native', file))) ?? null;
}

/** The files of native/ that one includes, itself the first. */
function reachedFrom(file: string, reached = new Set<string>()): Set<string> {
  if (reached.has(file)) return reached;
  reached.add(file);
  for (const name of includesOf(file).filter((each) => each.startsWith('"'))) {
    const other = named(file, name.slice(1, -1));
    if (other) reachedFrom(other, reached);
  }
  return reached;
}

const headersOf = (file: string) => includesOf(file).filter((name) => name.startsWith('<'));
const units: Unit[] = native
  .filter((file) => file.endsWith('.cc'))
  .map((file) => ({ file, headers: new Set([...reachedFrom(file)].flatMap(headersOf)) }));

const libtorch = /^<(ATen|c10|torch)\//;
const javaScript = /^<(napi|node_api)/;

/** Which headers only some may include, in whatever way it is done. */
const rules: [what: string, headers: RegExp, allowed: RegExp][] = [
  ['CUDA', /cuda|nccl/i, /^cuda\//],
  ['c10d', /\/c10d\//, /^(process_group|rank_store)\.(cc|h)$|^cuda\//],
  ['the network', /^<(sys\/socket|netdb|arpa\/|netinet\/|ifaddrs)/, /^process_group\.cc$/],
  ['files', /^<(fstream|filesystem|cstdio|stdio|fcntl|dirent|sys\/stat)/, /^terminal\//],
  ['the terminal', /^<termios/, /^terminal\//],
  [
    'JavaScript',
    javaScript,
    /^(addon|process|classifier|group|jobs|\w*argument\w*)\.|\/addon\.cc$/,
  ],
  ['LibTorch', libtorch, /^(?!kernels\/|terminal\/|fingerprint\/)/],
];

for (const [what, headers, allowed] of rules) {
  test(`of native/, those alone include headers of ${what} that may`, () => {
    const including = native.filter((file) => headersOf(file).some((name) => headers.test(name)));
    assert.ok(including.length > 0, 'somebody does');
    assert.equal(
      including.filter((file) => !allowed.test(file)),
      [],
    );
  });
}

test('no unit of native/ knows both JavaScript and LibTorch, nor do the kernels and the small addons know LibTorch', () => {
  assert.ok(units.length > 0);
  for (const { file, headers } of units) {
    const knows = (of: RegExp) => [...headers].some((name) => of.test(name));
    assert.not(knows(javaScript) && knows(libtorch), file);
    if (/^(kernels|terminal|fingerprint)\//.test(file)) assert.not(knows(libtorch), file);
  }
});

test('differences between LibTorch’s versions stand in libtorch_compat.h', () => {
  const asking = native.filter((file) =>
    /^\s*#.*\bTORCH_VERSION/m.test(contentOf(`native/${file}`)),
  );
  assert.equal(asking, ['libtorch_compat.h']);
});

test.run();
