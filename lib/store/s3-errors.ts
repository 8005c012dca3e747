import { GillnetError, messageOf } from '../errors.js';
import { isNetworkError } from '../server.js';
import type { Account } from './account.js';
import { isBusy } from './client.js';

/** What an S3 server's errors mean. */

/** The code that S3 gives an error, or the system's. */
export function s3CodeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code ?? (error as Error).name);
}

/** True for an error that the same request may not meet again. */
export function isPassing(error: unknown): boolean {
  // Of two writers that meet at one key, the later one then sees which was first.
  const isConflict = ['ConditionalRequestConflict', 'OperationAborted'].includes(s3CodeOf(error));
  return isNetworkError(error) || isBusy(error) || isConflict;
}

/** The error for what is wrong with one object; any other stays as it is. */
export function explainObject(name: string, cause: unknown): unknown {
  const code = s3CodeOf(cause);
  if (code === 'NoSuchKey' || code === 'NotFound') {
    return new GillnetError('NOT_FOUND', `${name} does not exist.`, { cause });
  }
  if (code !== 'PreconditionFailed') return cause;
  const message = `${name} has changed since it was looked at. Try again; of a photo, after \`gillnet extract\`.`;
  return new GillnetError('CHANGED', message, { cause });
}

/** The error for a person of one that does not pass. @param location of the store */
export function explain(cause: unknown, account: Account, location: string): GillnetError {
  const { endpoint, accessKey } = account;
  const code = s3CodeOf(cause);
  const at = `The S3 server at ${endpoint.host}`;
  if (/Denied|AccessKey|UserNotFound|Signature|Token|AllAccessDisabled/.test(code)) {
    return new GillnetError(
      'DENIED',
      `${at} refuses ${accessKey ? `the access key ${accessKey}` : 'access without a key'} to ${location} (${code}). ` +
        'Check MINIO_ACCESS_KEY and MINIO_SECRET_KEY (or AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN).',
      { cause },
    );
  }
  if (code === 'NoSuchBucket') {
    const bucket = location.split('/')[2];
    return new GillnetError(
      'NOT_FOUND',
      `${at} has no bucket ${bucket}. Fill one from a folder with \`gillnet upload DIR --data s3://${bucket}\`.`,
      { cause },
    );
  }
  if (/CERT|SIGNATURE|SSL|TLS/.test(code)) {
    return new GillnetError(
      'IO',
      `${at} can't be trusted: ${messageOf(cause)} (${code}). Name its certificate with AWS_CA_BUNDLE=FILE, or check http and https in MINIO_ENDPOINT.`,
      { cause },
    );
  }
  // Of an answer that is none of S3: another service, a console, http where https is spoken.
  if (code === 'S3Error' || code === 'EPROTO') {
    return new GillnetError(
      'IO',
      `What answers at ${endpoint.host} speaks no S3. Check MINIO_ENDPOINT: its port, and http or https.`,
      { cause },
    );
  }
  return new GillnetError('IO', `${at} answers: ${messageOf(cause)} (${code}).`, { cause });
}
