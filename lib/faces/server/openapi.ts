import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { version } from '../../version.js';

const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer' },
  key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
} as const;

/** `GET /openapi.json`: of all routes that are added afterwards, what their schemas say. @param hasKeys clients must give one */
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
}
