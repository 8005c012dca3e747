import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import { Ajv } from 'ajv';
import { type FastifyInstance, fastify } from 'fastify';
import { messageOf } from '../../errors.js';
import { event, type GillnetEvent } from '../../pipeline/events.js';
import type { Feedback } from '../../serving/feedback.js';
import { defaultLimits } from '../../serving/limits.js';
import type { Predictor } from '../../serving/predictor.js';
import { addAccessLog } from './access-log.js';
import { addFacts } from './facts.js';
import { addFeedback } from './feedback.js';
import { addForms } from './form.js';
import { addIntake } from './intake.js';
import { type ApiKeys, addKeys } from './keys.js';
import type { Metrics } from './metrics.js';
import { addOpenApi } from './openapi.js';
import { addPage, pageFolder } from './page.js';
import { addPredict } from './predict.js';
import { addProblems, Refusal, refusalOf, refuseClient, refuseUnknown, send } from './problems.js';
import { addRuns } from './runs.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether it answers without an API key. */
    isOpen?: boolean;
  }
}

export interface ServerOptions {
  /** Null where photos are not answered, and runs alone are shown. */
  predictor: Predictor | null;
  /** What the core tells as well. */
  metrics: Metrics;
  int8: boolean;
  /** Folder of the runs that are shown; none where it is left out. */
  runs?: string;
  /** Null where labels are not to be corrected. */
  feedback: Feedback | null;
  /** Null where anyone may ask. */
  keys: ApiKeys | null;
  /** Origins of pages that may ask. */
  cors: string[];
  /** Folder of the pages; default gillnet's own. */
  page?: string;
  tell(event: GillnetEvent): void;
}

/** A server that listens. */
export interface RunningServer {
  /** Of its root. */
  address: string;
  /** That it has answered. */
  readonly requests: number;
  /** Takes no more requests, and waits for those under way, so many seconds at most. */
  drain(seconds: number): Promise<void>;
}

/** Connections at once; further ones are closed. */
const mostConnections = 1024;
/** Silence that closes a connection, in times of a request's limit. */
const idle = 3;
/** Milliseconds for a request's headers at most, and between two looks for requests that take too long. */
const [mostForHeaders, checkInterval] = [10_000, 1000];

/** The HTTP face of a core. @throws the system's error where it can't listen */
export async function openServer(
  options: ServerOptions,
  { host, port }: { host: string; port: number },
): Promise<RunningServer> {
  const { predictor, metrics, feedback, runs, tell } = options;
  const limits = predictor?.limits ?? defaultLimits;
  const { seconds } = limits;
  const state = { isDraining: false };
  const app = appOf(seconds);
  const requests = addAccessLog(app, metrics, tell);
  addGuards(app, state);
  addProblems(app, (error) =>
    tell(event('warning', { code: 'INTERNAL', message: messageOf(error) })),
  );
  if (options.cors.length > 0) await addCors(app, options.cors);
  if (options.keys) addKeys(app, options.keys);
  refuseUnknown(app);
  await addOpenApi(app, options.keys !== null);
  addForms(app);
  addIntake(app, limits);
  if (predictor) addPredict(app, predictor);
  if (predictor && feedback) addFeedback(app, feedback, { predictor, metrics });
  addFacts(app, options);
  const streams = runs === undefined ? null : addRuns(app, runs, idle * seconds);
  await addPage(app, options.page ?? pageFolder, predictor ? 'index' : 'runs');
  await app.listen({ host, port });
  app.server.maxConnections = mostConnections;
  return {
    address: app.listeningOrigin,
    get requests() {
      return requests.count;
    },
    async drain(seconds) {
      state.isDraining = true;
      streams?.finish();
      const timer = setTimeout(() => app.server.closeAllConnections(), 1000 * seconds);
      await app.close();
      clearTimeout(timer);
    },
  };
}

/** @param seconds for a request to arrive */
function appOf(seconds: number): FastifyInstance {
  // Fastify takes whole ones.
  const milliseconds = Math.ceil(1000 * seconds);
  const app = fastify({
    logger: false,
    // Longer than headers may be: schemas say how long.
    routerOptions: { maxParamLength: 65_536 },
    requestTimeout: milliseconds,
    connectionTimeout: idle * milliseconds,
    http: {
      headersTimeout: Math.min(mostForHeaders, milliseconds),
      connectionsCheckingInterval: checkInterval,
    },
    genReqId: ({ headers }) => sane(headers['x-request-id']) ?? randomUUID(),
    clientErrorHandler: refuseClient,
    // What Fastify says by itself is no problem+json.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => send(refusalOf(error), request, reply),
  });
  app.removeContentTypeParser('text/plain');
  // Text in an address may be a number; in JSON a number is one.
  const words = new Ajv({ coerceTypes: true });
  const strict = new Ajv({ strictTypes: false });
  app.setValidatorCompiler(({ schema, httpPart, contentType }) => {
    if (httpPart !== 'body') return words.compile(schema);
    return contentType === 'application/json' ? strict.compile(schema) : () => true;
  });
  return app;
}

function sane(id: string | string[] | undefined): string | undefined {
  return typeof id === 'string' && /^[\w.:-]{1,64}$/.test(id) ? id : undefined;
}

/** A browser's question whether it may ask needs no key. */
async function addCors(app: FastifyInstance, origin: string[]): Promise<void> {
  await app.register(cors, {
    ...{ origin, methods: ['GET', 'POST'] },
    allowedHeaders: ['authorization', 'x-api-key', 'content-type', 'x-request-id', 'last-event-id'],
    exposedHeaders: ['x-request-id', 'retry-after'],
  });
}

/** Headers of every answer, and none but refusals once it is to end. */
function addGuards(app: FastifyInstance, state: { isDraining: boolean }): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    });
    if (state.isDraining && request.routeOptions.url !== '/healthz') {
      throw new Refusal(503, 'The server is about to end.', { 'retry-after': '1' });
    }
  });
  app.addHook('onSend', async (_request, reply) => {
    if (state.isDraining) reply.header('connection', 'close');
  });
}
