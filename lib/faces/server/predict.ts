import type { FastifyInstance, FastifyReply } from 'fastify';
import { formatsInWords } from '../../photos/formats.js';
import type { Answer, Predictor } from '../../serving/predictor.js';
import { BadPhotos } from '../../serving/refusals.js';
import { clientGone } from './access-log.js';
import { type FormShape, nameOf, type WithPhotos } from './form.js';
import { Refusal } from './problems.js';
import {
  type PhotosInJson,
  Predictions,
  photoItself,
  photosInForm,
  photosInJson,
  problemsOf,
  Query,
} from './schemas.js';

/** What a request asks for, in whatever form it came. */
interface Asked extends Query, WithPhotos {}

const fields: FormShape['fields'] = {
  top: (text) => (/^[1-9]\d{0,8}$/.test(text) ? { top: Number(text) } : null),
  explain: (text) => (/^(true|false)$/.test(text) ? { explain: text === 'true' } : null),
};

/** `POST /v1/predict`: photos as a form, as JSON, or one as it is. */
export function addPredict(app: FastifyInstance, predictor: Predictor): void {
  const { requestPhotos, requestBytes } = predictor.limits;
  for (const type of ['application/octet-stream', /^image\//] as string[]) {
    app.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, { photos: [{ name: nameOf(0), bytes: body as Buffer }] }),
    );
  }
  app.post<{ Querystring: Query; Body: Asked | PhotosInJson | undefined }>(
    '/v1/predict',
    {
      bodyLimit: requestBytes,
      config: { form: { photos: requestPhotos, fields } },
      schema: {
        operationId: 'predict',
        summary: 'What the photos show',
        description: `${requestPhotos} photos at most: ${formatsInWords}; of an animation the first frame. One that can't be decoded refuses all.`,
        querystring: Query,
        body: {
          content: {
            'multipart/form-data': { schema: photosInForm(requestPhotos) },
            'application/json': { schema: photosInJson(requestPhotos) },
            'image/*': { schema: photoItself },
            'application/octet-stream': { schema: photoItself },
          },
        },
        response: {
          200: Predictions,
          ...problemsOf([400, 401, 413, 415], {
            422: 'Photos that can’t be decoded, or are too large: `errors` names each.',
            429: 'Too much is asked at once; Retry-After says when to ask again.',
            503: 'There was no answer in time, or the server is about to end.',
          }),
        },
      },
    },
    async (request, reply) => {
      const { photos, ...options } = { ...request.query, ...askedOf(request.body) };
      request.photos = photos.length;
      const signal = goneSignal(reply);
      return told(await predictor.answer(photos, { ...options, signal }));
    },
  );
}

/** @throws Refusal for no body, BadPhotos for data that is not base64 */
function askedOf(body: Asked | PhotosInJson | undefined): Asked {
  if (body === undefined || body === null) throw new Refusal(400, 'The request has no body.');
  const bad: BadPhotos['photos'] = [];
  const photos = body.photos.map((photo, index) => {
    if ('bytes' in photo) return photo;
    const { data, name = nameOf(index) } = photo;
    const bytes = Buffer.from(data, 'base64');
    if (bytes.toString('base64') !== data) bad.push({ photo: name, detail: 'It is no base64.' });
    return { name, bytes };
  });
  if (bad.length > 0) throw new BadPhotos(bad);
  return { ...body, photos };
}

/** Aborted when the client goes away before it has its answer. */
function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort(new Refusal(clientGone, 'The client has gone away.'));
  });
  return gone.signal;
}

function told({ model, predictions }: Answer): Predictions {
  const { name, sha256, description } = model;
  return {
    model: { name, sha256, classes: description.classes },
    predictions: predictions.map(({ explanation, ...prediction }) => ({
      ...prediction,
      ...(explanation && {
        explanation: {
          ...{ width: explanation.width, height: explanation.height },
          heat: explanation.png.toString('base64'),
        },
      }),
    })),
  };
}
