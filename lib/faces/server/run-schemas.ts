import { type Static, Type } from 'typebox';
import { nullable } from './schemas.js';

/** What goes over the wire of runs. */

const share = Type.Number({ minimum: 0, maximum: 1 });
const time = (description: string) => Type.String({ format: 'date-time', description });

const summary = {
  id: Type.String(),
  state: Type.Enum(['running', 'waiting', 'quiet', 'done', 'stopped', 'failed'], {
    description:
      '`waiting`: for a person, who has paused it or is asked how to train. `quiet`: it has told nothing for a minute ' +
      'and its log has no end, so that its process may be gone. `stopped`: a person has ended it before its end.',
  }),
  began: time('Of its first event.'),
  last: time('Of its newest event.'),
  events: Type.Integer({ description: 'Lines of its log so far: the id of its newest event.' }),
  model: nullable(Type.String({ description: 'The network.' })),
  epoch: Type.Integer({ description: 'Whole epochs so far.' }),
  epochs: nullable(Type.Integer({ description: 'How many there are to be.' })),
  best: nullable(Type.Object({ epoch: Type.Integer(), valAccuracy: share })),
};

export const RunSummary = Type.Object(summary);
export type RunSummary = Static<typeof RunSummary>;

export const Runs = Type.Object({
  runs: Type.Array(RunSummary, { description: 'The newest first.' }),
  more: Type.Boolean({ description: 'There are older ones.' }),
});

export type Runs = Static<typeof Runs>;

export const RunFacts = Type.Object({
  ...summary,
  classes: Type.Array(Type.String()),
  photos: nullable(Type.Object({ train: Type.Integer(), val: Type.Integer() })),
  recipe: nullable(Type.String()),
  device: nullable(Type.String()),
  dtype: nullable(Type.String()),
  saved: nullable(Type.String({ description: 'Name of the model that came of it.' })),
  testAccuracy: nullable(share),
  error: nullable(Type.String({ description: 'Why it has failed.' })),
});
export type RunFacts = Static<typeof RunFacts>;

export const RunId = Type.Object({
  id: Type.String({ maxLength: 255, description: 'As `/v1/runs` tells it.' }),
});
export type RunId = Static<typeof RunId>;

/** An id of the stream; a number of more digits is none of a line. */
export const LastEvent = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({ pattern: '^[0-9]{0,15}$', description: 'Id of the last event that has come.' }),
  ),
});
export type LastEvent = Static<typeof LastEvent>;

/** How the list leads to a run, as OpenAPI has it. */
const newest = { id: '$response.body#/runs/0/id' };
export const runLinks = {
  200: {
    run: { operationId: 'run', parameters: newest },
    runEvents: { operationId: 'runEvents', parameters: newest },
  },
};

export const RunsQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 200, description: 'Runs to give; 50 by default.' }),
    ),
  },
  { additionalProperties: false },
);
export type RunsQuery = Static<typeof RunsQuery>;

/** What stands in the stream, each for itself. */
const StreamedEvent = Type.Object({
  data: Type.String({ contentMediaType: 'application/json' }),
  event: Type.Enum(['message', 'end']),
  id: Type.Optional(Type.String({ pattern: '^[0-9]+$' })),
});

export const eventStream = {
  description:
    'Server-sent events. Each `data` is an event as `gillnet train --json` tells it and each `id` the number of its line in ' +
    'the log; warnings of the server itself have none. The stream ends, after an event named `end`, where the run has.',
  content: { 'text/event-stream': { schema: StreamedEvent } },
};
