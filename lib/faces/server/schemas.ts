import { type Static, type TSchema, Type } from 'typebox';

/** What goes over the wire: these schemas validate it, serialize it and are what `/openapi.json` tells. */

const closed = { additionalProperties: false };

export const Query = Type.Object(
  {
    top: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Ranked labels to give; all by default.' }),
    ),
    explain: Type.Optional(
      Type.Boolean({ description: 'Tell what the model looks at; default false.' }),
    ),
  },
  closed,
);
export type Query = Static<typeof Query>;

/** @param most photos of a request */
export const photosInJson = (most: number) =>
  Type.Object(
    {
      photos: Type.Array(
        Type.Object(
          {
            name: Type.Optional(Type.String({ maxLength: 255, description: 'For the answer.' })),
            data: Type.String({ contentEncoding: 'base64', description: 'The photo’s file.' }),
          },
          closed,
        ),
        { minItems: 1, maxItems: most },
      ),
      ...Query.properties,
    },
    closed,
  );
export type PhotosInJson = Static<ReturnType<typeof photosInJson>>;

/** Told, and read by `form.ts`: a form's fields are text. */
export const photosInForm = (most: number) =>
  Type.Object(
    {
      photo: Type.Array(Type.String({ format: 'binary' }), {
        ...{ minItems: 1, maxItems: most },
        description: 'The photos’ files; the field’s name is of no matter.',
      }),
      ...Query.properties,
    },
    closed,
  );

/** Told, and read by `form.ts`. */
export const FeedbackInForm = Type.Object(
  {
    photo: Type.String({ format: 'binary', description: 'The photo’s file.' }),
    label: Type.String({ description: 'One of the model’s classes.' }),
  },
  closed,
);

export const FeedbackKept = Type.Object({
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Of the photo’s file.' }),
  label: Type.String(),
  outcome: Type.Union([Type.Literal('kept'), Type.Literal('known'), Type.Literal('relabelled')], {
    description: 'Whether it was new, stood there by this label, or by another one.',
  }),
});
export type FeedbackKept = Static<typeof FeedbackKept>;

export const photoItself = Type.String({ format: 'binary', description: 'The photo’s file.' });

const confidence = Type.Number({ minimum: 0, maximum: 1 });
const RankedLabel = Type.Object({ label: Type.String(), confidence });
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Of the model’s file.' });

const Explanation = Type.Object(
  {
    width: Type.Integer(),
    height: Type.Integer(),
    heat: Type.String({ contentEncoding: 'base64', contentMediaType: 'image/png' }),
  },
  {
    description:
      'A transparent picture to be laid over the whole photo, stretched to its size: warm where it speaks for the label ' +
      '(Grad-CAM).',
  },
);

export const Predictions = Type.Object({
  model: Type.Object({ name: Type.String(), sha256, classes: Type.Array(Type.String()) }),
  predictions: Type.Array(
    Type.Object({
      photo: Type.String({ description: 'Its name, or its place where it has none.' }),
      label: Type.String(),
      confidence,
      sure: Type.Boolean({
        description:
          'False where the confidence is below the one from which 95 % of validation photos were right.',
      }),
      ranked: Type.Array(RankedLabel, { description: 'The surest first.' }),
      explanation: Type.Optional(Explanation),
    }),
  ),
});
export type Predictions = Static<typeof Predictions>;

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const ModelFacts = Type.Object({
  ...{ name: Type.String(), sha256, classes: Type.Array(Type.String()) },
  network: Type.String(),
  imageSize: Type.Integer({ description: 'Edge of what the network sees, in pixels.' }),
  int8: Type.Boolean(),
  feedback: Type.Boolean({ description: 'Whether corrected labels are taken.' }),
  runs: Type.Boolean({ description: 'Whether trainings are shown, at `/runs`.' }),
  limits: Type.Object(
    { photos: Type.Integer(), bytes: Type.Integer(), pixels: Type.Integer() },
    { description: 'Photos and bytes of one request, and pixels of one photo, at most.' },
  ),
  threshold: nullable(confidence),
  createdAt: Type.String({ format: 'date-time' }),
  promotedAt: nullable(Type.String({ format: 'date-time' })),
  loadedAt: Type.String({ format: 'date-time' }),
  metrics: nullable(Type.Object({ epoch: Type.Integer(), valAccuracy: confidence })),
  recipe: nullable(Type.Object({}, { additionalProperties: true })),
  photos: nullable(Type.Object({ train: Type.Integer(), val: Type.Integer() })),
});
export type ModelFacts = Static<typeof ModelFacts>;

export const Health = Type.Object({ status: Type.Literal('ok') });

export const metricsText = {
  description: 'Text, as Prometheus has it.',
  content: { 'text/plain': { schema: Type.String() } },
};

/** RFC 9457. */
export const Problem = Type.Object({
  type: Type.String({ description: '`about:blank`: the status says what it is.' }),
  title: Type.String(),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  detail: Type.String(),
  requestId: Type.String(),
  errors: Type.Optional(
    Type.Array(Type.Object({ photo: Type.String(), detail: Type.String() }), {
      description: 'Photos that can’t be used.',
    }),
  ),
});
export type Problem = Static<typeof Problem>;

/** What is said alike wherever it is answered. */
const common = {
  400: 'The request is not as described here.',
  401: 'An API key is missing, or is none.',
  413: 'The body is too large.',
  415: 'The body is of another type.',
};

/** What an operation may answer besides its 200. @param own what only it says */
export function problemsOf(statuses: (keyof typeof common)[], own: Record<number, string> = {}) {
  const told = {
    ...Object.fromEntries(statuses.map((status) => [status, common[status]])),
    ...own,
  };
  const content = { 'application/problem+json': { schema: Problem } };
  return Object.fromEntries(
    Object.entries(told).map(([status, description]) => [status, { description, content }]),
  );
}
