import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { messageOf } from '../../errors.js';
import type { PhotoToAnswer } from '../../serving/predictor.js';
import { plural } from '../format.js';
import { Refusal } from './problems.js';

/** What a form has: the photos, and what its fields say. */
export interface WithPhotos {
  photos: PhotoToAnswer[];
}

/** What a route takes as a form. */
export interface FormShape {
  /** At most. */
  photos: number;
  /** A reader for each field, null for what it can't be. */
  fields: Record<string, (text: string) => object | null>;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    form?: FormShape;
  }
}

/** What a photo without a name is called. */
export const nameOf = (index: number) => `photo ${index + 1}`;

/** Reads forms for the routes that say what theirs have. */
export function addForms(app: FastifyInstance): void {
  app.addContentTypeParser(
    'multipart/form-data',
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer) =>
      readForm(
        body,
        request.headers['content-type'] as string,
        request.routeOptions.config.form as FormShape,
      ),
  );
}

/**
 * Reads multipart/form-data that has arrived: each part with a file name is a photo.
 * @throws Refusal 400
 */
async function readForm(body: Buffer, contentType: string, shape: FormShape): Promise<WithPhotos> {
  const { photos: most, fields } = shape;
  const names = Object.keys(fields).map((name) => `\`${name}\``);
  const form = formOf(contentType, most);
  const asked: WithPhotos = { photos: [] };
  await new Promise<void>((resolve, reject) => {
    const refuse = (detail: string) => reject(new Refusal(400, detail));
    form.on('file', (_field, stream, name) => {
      const photo = { name: name || nameOf(asked.photos.length), bytes: Buffer.alloc(0) };
      const chunks: Buffer[] = [];
      asked.photos.push(photo);
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', reject);
      stream.on('end', () => {
        photo.bytes = Buffer.concat(chunks);
      });
    });
    form.on('field', (name, text) => {
      const read = Object.hasOwn(fields, name) ? fields[name]?.(text) : undefined;
      if (read) Object.assign(asked, read);
      else if (read === null) refuse(`The field ${name} can't be ${JSON.stringify(text)}.`);
      else refuse(`The form has a field that is neither a photo nor ${names.join(' or ')}.`);
    });
    form.on('filesLimit', () => refuse(`Expected ${plural(most, 'photo')} at most.`));
    form.on('fieldsLimit', () => refuse('The form has too many fields.'));
    form.on('partsLimit', () => refuse('The form has too many parts.'));
    form.on('error', (error) => refuse(`The form can't be read: ${messageOf(error)}.`));
    form.on('finish', resolve);
    form.end(body);
  });
  if (asked.photos.length === 0) throw new Refusal(400, 'The form has no photo.');
  return asked;
}

function formOf(contentType: string, most: number): BusboyInstance {
  const limits = { files: most, fields: 8, parts: most + 8, fieldSize: 1024, headerPairs: 32 };
  try {
    return new Busboy({ headers: { 'content-type': contentType } as BusboyHeaders, limits });
  } catch (error) {
    throw new Refusal(400, `The form can't be read: ${messageOf(error)}.`);
  }
}
