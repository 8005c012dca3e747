import { InvalidArgumentError } from 'commander';
import type { Channels } from './model/normalization.js';

/** What flags take, read from their text. @throws InvalidArgumentError saying what was expected */

function number(check: (value: number) => boolean, expected: string) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !check(value))
      throw new InvalidArgumentError(`Expected ${expected}.`);
    return value;
  };
}

export const count = number(
  (value) => Number.isSafeInteger(value) && value > 0,
  'a whole number above 0',
);
export const wholeNumber = number(
  (value) => Number.isSafeInteger(value) && value >= 0,
  'a whole number, 0 or above',
);
export const port = number(
  (value) => Number.isInteger(value) && value >= 0 && value <= 65_535,
  'a port from 0 to 65535',
);
export const positive = number((value) => Number.isFinite(value) && value > 0, 'a number above 0');
/** Node's timers know no more than 24 days, and connections are kept for some times as long. */
export const seconds = number(
  (value) => value > 0 && value <= 86_400,
  'seconds, above 0 and at most 86400, which is a day',
);
export const share = number((value) => value > 0 && value < 1, 'a number between 0 and 1');
export const edge = number(
  (value) => Number.isInteger(value) && value >= 64 && value <= 1024,
  'a whole number of pixels from 64 to 1024',
);

export function channels(check: (value: number) => boolean, expected: string) {
  return (text: string): Channels => {
    const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    if (values.length !== 3 || !values.every((value) => Number.isFinite(value) && check(value))) {
      throw new InvalidArgumentError(`Expected ${expected}, such as 0.5,0.5,0.5.`);
    }
    return values as Channels;
  };
}

export function bytes(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([kMG]?)B?$/.exec(text) ?? [];
  if (!amount) throw new InvalidArgumentError('Expected bytes such as 512MB or 2GB.');
  return Math.round(
    Number(amount) * { '': 1, k: 1e3, M: 1e6, G: 1e9 }[unit as '' | 'k' | 'M' | 'G'],
  );
}

export function origins(text: string): string[] {
  const given = text.split(',').map((origin) => origin.trim());
  const wrong = given.find((each) => !URL.canParse(each) || new URL(each).origin !== each);
  if (wrong === undefined) return given;
  throw new InvalidArgumentError(
    `${wrong} is no origin. Expected such as https://example.org or http://localhost:8080, without a path or a slash behind it.`,
  );
}

export function span(text: string): number {
  const [, amount, unit] = /^(\d+)([hdw])$/.exec(text) ?? [];
  if (!amount)
    throw new InvalidArgumentError('Expected hours, days or weeks such as 12h, 30d or 8w.');
  return Number(amount) * { h: 3600, d: 86_400, w: 604_800 }[unit as 'h' | 'd' | 'w'];
}
