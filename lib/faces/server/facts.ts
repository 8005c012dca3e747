import type { FastifyInstance } from 'fastify';
import type { Predictor } from '../../serving/predictor.js';
import { Health, ModelFacts, metricsText, problemsOf } from './schemas.js';
import type { ServerOptions } from './server.js';

/** `GET /v1/model`, `GET /metrics`, and whether the server is alive and takes requests. */
export function addFacts(app: FastifyInstance, options: ServerOptions): void {
  const { predictor, metrics } = options;
  const unauthorized = problemsOf([401]);
  if (predictor) {
    const summary = 'The model that serves';
    app.get(
      '/v1/model',
      {
        schema: { operationId: 'model', summary, response: { 200: ModelFacts, ...unauthorized } },
      },
      async () => factsOf(predictor, options),
    );
  }
  app.get(
    '/metrics',
    {
      schema: {
        ...{ operationId: 'metrics', summary: 'What the server does, for Prometheus' },
        response: { 200: metricsText, ...unauthorized },
      },
    },
    async (_request, reply) => {
      reply.type(metrics.registry.contentType);
      return metrics.registry.metrics();
    },
  );
  const ok = { status: 'ok' as const };
  const health = (operationId: string, about: string) => ({
    config: { isOpen: true },
    schema: {
      ...{ operationId, summary: about, security: [] },
      response: { 200: Health, ...problemsOf([], { 503: 'It is about to end.' }) },
    },
  });
  app.get('/healthz', health('health', 'Whether the process is alive'), async () => ok);
  app.get('/readyz', health('readiness', 'Whether it takes requests'), async () => ok);
}

function factsOf(
  { served, limits }: Predictor,
  { int8, feedback, runs }: ServerOptions,
): ModelFacts {
  const { name, sha256, promotedAt, loadedAt, description } = served.current;
  const { classes, imageSize, createdAt, metrics, recipe, photos } = description;
  const { threshold = null, architecture } = description;
  return {
    ...{ name, sha256, classes, network: architecture, imageSize, int8, threshold },
    ...{ feedback: feedback !== null, runs: runs !== undefined },
    limits: {
      ...{ photos: limits.requestPhotos, bytes: limits.requestBytes },
      pixels: limits.photoPixels,
    },
    ...{ createdAt, promotedAt, loadedAt, metrics, recipe, photos },
  } as ModelFacts;
}
