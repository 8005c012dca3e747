import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import { GillnetError, messageOf } from '../errors.js';
import { readNamed } from '../files.js';

/** Ed25519 (RFC 8032) over what a model says of itself, which names the hashes of all else in it. */

export interface Signature {
  algorithm: 'Ed25519';
  /** SubjectPublicKeyInfo (RFC 8410) in DER, base64. */
  publicKey: string;
  /** 64 bytes, base64. */
  signature: string;
}

/** Keeps a signature of anything else from being one of a model. */
const context = Buffer.from('gillnet model v1\n');

export function sign(record: Uint8Array, key: KeyObject): Signature {
  return {
    algorithm: 'Ed25519',
    publicKey: publicHalfOf(key),
    signature: signBytes(null, Buffer.concat([context, record]), key).toString('base64'),
  };
}

export function publicHalfOf(key: KeyObject): string {
  return derOf(createPublicKey(key));
}

/** Whether the key that the signature names has signed the record. */
export function isSignedBy(record: Uint8Array, { publicKey, signature }: Signature): boolean {
  try {
    const der = Buffer.from(publicKey, 'base64');
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    const signed = Buffer.concat([context, record]);
    const isEd25519 = key.asymmetricKeyType === 'ed25519';
    return isEd25519 && verifyBytes(null, signed, key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

/** A private Ed25519 key in PEM. @throws GillnetError NOT_FOUND, USAGE */
export async function readSigningKey(file: string): Promise<KeyObject> {
  const [key] = await keysIn(file, /-----BEGIN [A-Z ]*PRIVATE KEY-----/, createPrivateKey);
  return key as KeyObject;
}

/** Public Ed25519 keys in PEM, one after the other, as `Signature` has them. @throws GillnetError NOT_FOUND, USAGE */
export async function readTrustedKeys(file: string): Promise<string[]> {
  return (await keysIn(file, /-----BEGIN PUBLIC KEY-----/, createPublicKey)).map(derOf);
}

async function keysIn(file: string, begin: RegExp, read: (pem: string) => KeyObject) {
  const kind = begin.source.includes('PRIVATE') ? 'private' : 'public';
  const refuse = (reason: string, cause?: unknown) =>
    new GillnetError(
      'USAGE',
      `${file} holds no ${kind} Ed25519 key in PEM (${reason}). Make one with ` +
        '`openssl genpkey -algorithm ed25519 -out key.pem`, and its public half with `openssl pkey -in key.pem -pubout -out key.pub.pem`.',
      { cause },
    );
  const text = await readNamed('The key', file);
  const pems = text.split(/(?=-----BEGIN )/).filter((part) => begin.test(part));
  if (pems.length === 0) throw refuse(`no -----BEGIN … ${kind.toUpperCase()} KEY-----`);
  return pems.map((pem) => {
    let key: KeyObject;
    try {
      key = read(pem);
    } catch (cause) {
      throw refuse(messageOf(cause), cause);
    }
    if (key.asymmetricKeyType !== 'ed25519') throw refuse(`it is ${key.asymmetricKeyType}`);
    return key;
  });
}

function derOf(key: KeyObject): string {
  return key.export({ format: 'der', type: 'spki' }).toString('base64');
}
