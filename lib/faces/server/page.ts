import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { colours } from '../colours.js';

/** The pages and what they are made of, where the set-up puts them: compiled code, and the rest as it is written. */
export const pageFolder = fileURLToPath(new URL('page/', import.meta.url));

/** Modules that pages share with other faces. They are served beside the pages', which import them from there. */
const shared = ['format.js', 'curves.js'].map((name) =>
  fileURLToPath(new URL(`../${name}`, import.meta.url)),
);

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** They run and show what is the server's own, and photos that a person has picked. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; " +
  "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/**
 * The pages of a folder, `index.html` at `/` and `x.html` at `/x`, with the other files, those of `shared` and `colours.css`
 * beside them. They are read once, so that no address leads to any other file; they hold no secret, so that no key is asked
 * for. Where there is no `index.html`, `/` leads to `/docs`.
 * @param home the page that `/` is or leads to; with another than `index` that one is left out
 */
export async function addPage(
  app: FastifyInstance,
  folder: string,
  home: 'index' | 'runs',
): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter(
    (name) => path.extname(name) in types && (home === 'index' || name !== 'index.html'),
  );
  const files = [...names.map((name) => path.join(folder, name)), ...shared];
  const bodies = files.map(async (file) => [path.basename(file), await bodyOf(file)] as const);
  for (const [name, body] of [['colours.css', colours] as const, ...(await Promise.all(bodies))]) {
    const url = name === 'index.html' ? '/' : `/${name.replace(/\.html$/, '')}`;
    const options = { config: { isOpen: true }, schema: { hide: true } };
    app.get(url, options, async (_request, reply) =>
      reply
        .type(types[path.extname(name)] as string)
        .header('content-security-policy', policy)
        .send(body),
    );
  }
  if (names.includes('index.html')) return;
  const to = names.includes(`${home}.html`) ? home : 'docs';
  const options = { config: { isOpen: to !== 'docs' }, schema: { hide: true } };
  app.get('/', options, async (_request, reply) => reply.redirect(to));
}

/** Code looks for what is shared beside itself: a proxy may have put all of it below some path. */
async function bodyOf(file: string): Promise<Buffer | string> {
  if (path.extname(file) !== '.js') return readFile(file);
  return (await readFile(file, 'utf8')).replaceAll(/ from '\.\.\/\.\.\//g, " from './");
}
