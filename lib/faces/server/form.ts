import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import { messageOf } from '../../errors.js';
import type { PhotoToAnswer } from '../../serving/predictor.js';
import { Refusal } from './problems.js';
import type { Query } from './schemas.js';

/** What a request asks for, in whatever form it came. */
export interface Asked extends Query {
  photos: PhotoToAnswer[];
}

/** What a photo without a name is called. */
export const nameOf = (index: number) => `photo ${index + 1}`;

const fieldReaders: Record<string, (text: string) => Query | null> = {
  top: (text) => (/^[1-9]\d{0,8}$/.test(text) ? { top: Number(text) } : null),
  explain: (text) => (/^(true|false)$/.test(text) ? { explain: text === 'true' } : null),
};

/**
 * Reads multipart/form-data that has arrived: each part with a file name is a photo.
 * @throws Refusal 400
 */
export async function readForm(body: Buffer, contentType: string, most: number): Promise<Asked> {
  const form = formOf(contentType, most);
  const asked: Asked = { photos: [] };
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
      const read = Object.hasOwn(fieldReaders, name) ? fieldReaders[name]?.(text) : undefined;
      if (read) Object.assign(asked, read);
      else if (read === null) refuse(`The field ${name} can't be ${JSON.stringify(text)}.`);
      else refuse('The form has a field that is neither a photo nor `top` or `explain`.');
    });
    form.on('filesLimit', () => refuse(`Expected ${most} photos at most.`));
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
