import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';

/** The page's files, in the sources: they are served as they are. */
export const pageFolder = fileURLToPath(
  new URL('../../../../lib/faces/server/page/', import.meta.url),
);

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** It runs and shows what is its own, and photos that a person has picked. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; " +
  "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/**
 * `GET /`: the page of a folder, its `index.html`, with the other files beside it. They are read once, so that no
 * address leads to any other file; they hold no secret, so that no key is asked for. Where there is no such page, `/`
 * leads to `/docs`.
 */
export async function addPage(app: FastifyInstance, folder: string): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter(
    (name) => path.extname(name) in types,
  );
  for (const name of names) {
    const body = await readFile(path.join(folder, name));
    const url = name === 'index.html' ? '/' : `/${name}`;
    const options = { config: { isOpen: true }, schema: { hide: true } };
    app.get(url, options, async (_request, reply) =>
      reply
        .type(types[path.extname(name)] as string)
        .header('content-security-policy', policy)
        .send(body),
    );
  }
  if (!names.includes('index.html')) {
    app.get('/', { schema: { hide: true } }, async (_request, reply) => reply.redirect('docs'));
  }
}
