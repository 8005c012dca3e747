import type { FastifyInstance } from 'fastify';
import type { Feedback } from '../../serving/feedback.js';
import type { Predictor } from '../../serving/predictor.js';
import type { WithPhotos } from './form.js';
import type { Metrics } from './metrics.js';
import { Refusal } from './problems.js';
import { FeedbackInForm, FeedbackKept, problemsOf } from './schemas.js';

interface Told extends WithPhotos {
  label?: string;
}

/** `POST /v1/feedback`: a photo with the label that a person says it has. */
export function addFeedback(
  app: FastifyInstance,
  feedback: Feedback,
  { predictor, metrics }: { predictor: Predictor; metrics: Metrics },
): void {
  app.post<{ Body: Told | undefined }>(
    '/v1/feedback',
    {
      bodyLimit: predictor.limits.requestBytes,
      config: { form: { photos: 1, fields: { label: (label) => ({ label }) } } },
      schema: {
        operationId: 'feedback',
        summary: 'What a photo shows, by a person, for the next training',
        description:
          'The photo is kept as it is. Told again it changes nothing; told with another label it has that one alone.',
        body: { content: { 'multipart/form-data': { schema: FeedbackInForm } } },
        response: {
          200: FeedbackKept,
          ...problemsOf([400, 401, 413, 415], {
            422: 'The label is none of the model’s, or the photo can’t be decoded.',
            429: 'Too much is told at once; Retry-After says when to tell it again.',
            503: 'The photo can’t be kept now, or the server is about to end.',
          }),
        },
      },
    },
    async (request) => {
      // Fastify reads it before it looks what is expected.
      if (request.mediaType === 'application/json')
        throw new Refusal(415, 'Expected multipart/form-data.');
      const { photos, label } = request.body ?? { photos: [] };
      const [photo] = photos;
      if (!photo) throw new Refusal(400, 'Expected a form with a photo and its `label`.');
      if (label === undefined) throw new Refusal(400, 'The form has no `label`.');
      request.photos = 1;
      const { classes } = predictor.served.current.description;
      const kept = await feedback.keep(photo, label, classes);
      if (kept.outcome !== 'known') metrics.corrected(label);
      return kept;
    },
  );
}
