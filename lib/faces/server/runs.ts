import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { messageOf } from '../../errors.js';
import { event } from '../../pipeline/events.js';
import type { Run } from '../../runs.js';
import { runEvents } from '../run-events.js';
import { Refusal } from './problems.js';
import { RunList } from './run-list.js';
import {
  eventStream,
  LastEvent,
  RunFacts,
  RunId,
  Runs,
  RunsQuery,
  runLinks,
} from './run-schemas.js';
import { problemsOf } from './schemas.js';

/** Streams at once: each holds a file open, and a watch of it. */
export const mostStreams = 64;
/** Runs of a list where it is not said. */
const usualRuns = 50;
/** Seconds between two signs of life, shorter than proxies wait for one. */
const heartbeat = 15;
/** Bytes that wait for a client; the rest of what it has not seen stays in the log. */
const mostWaiting = 65_536;

/** Streams of events that are open. */
export class Streams {
  #open = new Set<AbortController>();
  isFinishing = false;

  /** One that ends with its connection. @throws Refusal where there are too many */
  begin(connection: ServerResponse): AbortSignal {
    if (this.#open.size >= mostStreams) {
      const detail = `${mostStreams} streams are open, and no more are taken. Try again in 10 s.`;
      throw new Refusal(429, detail, { 'retry-after': '10' });
    }
    const stream = new AbortController();
    this.#open.add(stream);
    const end = () => {
      stream.abort();
      this.#open.delete(stream);
    };
    connection.once('close', end);
    // It may have gone away while its run was looked for.
    if (connection.destroyed) end();
    return stream.signal;
  }

  /** Each ends once it has told what its log holds; those that have not after a second, in the middle of it. */
  finish(): void {
    this.isFinishing = true;
    const rest = () => {
      for (const stream of this.#open) stream.abort();
    };
    setTimeout(rest, 1000).unref();
  }
}

/**
 * `GET /v1/runs`, `/v1/runs/:id` and `/v1/runs/:id/events`: the trainings that keep their logs in a folder, whichever
 * process does them.
 * @param quickest seconds of silence after which a connection is closed
 */
export function addRuns(app: FastifyInstance, folder: string, quickest: number): Streams {
  const list = new RunList(folder);
  const streams = new Streams();
  const none = { 404: 'There is no such run.' };
  app.get<{ Querystring: RunsQuery }>(
    '/v1/runs',
    {
      schema: {
        ...{ operationId: 'runs', summary: 'Trainings, under way and over' },
        querystring: RunsQuery,
        response: { 200: Runs, ...problemsOf([400, 401]) },
      },
      links: runLinks,
    },
    async ({ query }) => list.newest(query.limit ?? usualRuns),
  );
  app.get<{ Params: RunId }>(
    '/v1/runs/:id',
    {
      schema: {
        ...{ operationId: 'run', summary: 'What is known of a training', params: RunId },
        response: { 200: RunFacts, ...problemsOf([400, 401], none) },
      },
    },
    async ({ params }) => {
      const facts = await list.facts(await existing(list, params));
      if (facts === null) throw new Refusal(404, `Run ${params.id} has told nothing yet.`);
      return facts;
    },
  );
  app.get<{ Params: RunId; Headers: LastEvent }>(
    '/v1/runs/:id/events',
    {
      schema: {
        ...{ operationId: 'runEvents', summary: 'What happens in a training, as it happens' },
        description: `From its first event, or behind the one whose id \`Last-Event-ID\` gives. ${mostStreams} streams at once.`,
        params: RunId,
        headers: LastEvent,
        response: {
          200: eventStream,
          ...problemsOf([400, 401], { ...none, 429: 'Too many streams are open.' }),
        },
      },
    },
    async (request, reply) => {
      const after = Number(request.headers['last-event-id'] ?? 0);
      const run = await existing(list, request.params);
      const signal = streams.begin(reply.raw);
      const beat = Math.min(heartbeat, quickest / 3);
      const told = tell(run, { signal, streams, after, beat });
      // A proxy that keeps answers back would hold up what happens.
      return reply
        .type('text/event-stream; charset=utf-8')
        .header('x-accel-buffering', 'no')
        .send(Readable.from(told, { objectMode: false, highWaterMark: mostWaiting }));
    },
  );
  return streams;
}

/** @throws Refusal 404 */
async function existing(list: RunList, { id }: RunId): Promise<Run> {
  const run = await list.find(id);
  if (run === null) throw new Refusal(404, 'There is no such run; /v1/runs tells what there is.');
  return run;
}

/** @param how `after`: a line of the log · `beat`: seconds between two signs of life */
async function* tell(
  run: Run,
  how: { signal: AbortSignal; streams: Streams; after: number; beat: number },
): AsyncGenerator<string> {
  const { signal, streams, after, beat } = how;
  let last = performance.now();
  try {
    // A client sees at once that it is heard, also where nothing happens.
    yield ': this is the log of a run\n\n';
    for await (const told of runEvents(run, signal, after)) {
      const now = performance.now();
      if (told.happened !== null) {
        yield framed(told.happened, told.line);
      } else if (told.ended) {
        return yield 'event: end\ndata: {}\n\n';
      } else if (streams.isFinishing) {
        return;
      } else if (now - last > 1000 * beat) {
        yield ': nothing new\n\n';
      } else {
        continue;
      }
      last = now;
    }
  } catch (error) {
    yield framed(event('warning', { code: 'LOG_GONE', message: messageOf(error) }), null);
  }
}

/** One line of JSON, whatever line ends the log has. */
function framed(happened: object, line: number | null): string {
  return `${line === null ? '' : `id: ${line}\n`}data: ${JSON.stringify(happened)}\n\n`;
}
