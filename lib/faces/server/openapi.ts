import { createHash } from 'node:crypto';
import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { version } from '../../version.js';
import { style } from '../report/style.js';
import { type ApiDocument, renderReference } from './reference.js';

const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer' },
  key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
} as const;

/** The page's own style and nothing else. */
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; img-src data:; frame-ancestors 'none'`;

/**
 * `GET /openapi.json`: what the schemas of all routes say that are added afterwards; `GET /docs`: the same as a page.
 * @param hasKeys clients must give one
 */
export async function addOpenApi(app: FastifyInstance, hasKeys: boolean): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'gillnet',
        version,
        description: 'Tells what photos show, by a model that gillnet has trained.',
      },
      ...(hasKeys && { components: { securitySchemes }, security: [{ bearer: [] }, { key: [] }] }),
    },
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  app.get('/docs', { schema: { hide: true } }, async (_request, reply) => {
    reply.type('text/html; charset=utf-8').header('content-security-policy', policy);
    return renderReference(app.swagger() as unknown as ApiDocument);
  });
}
