import type { Entry } from './delivery.js';

/** What MLflow takes: mlflow/utils/validation.py of its 3.17. */
const longestKey = 250;
/** What a tag may hold in all of MLflow 3; a parameter may hold more. */
const longestTag = 5000;
const longestParam = 6000;

/**
 * A part of a metric's name from a label, which may hold any character: letters, digits, `_`, `.`, `-` and spaces stay
 * as they are, others become their code points, `_x26` for `&`.
 */
export function keyPart(label: string): string {
  const coded = label.replace(
    /[^\p{L}\p{N}_. -]/gu,
    (character) => `_x${character.codePointAt(0)?.toString(16)}`,
  );
  // Names are taken for paths of files.
  return /^\.{1,2}$/.test(coded) ? coded.replaceAll('.', '_x2e') : coded;
}

/** A metric's name, cut to what fits. */
export const keyOf = (...parts: string[]): string => cut(parts.join('/'), longestKey);

export const tag = (key: string, value: unknown): Entry => entry(key, value, longestTag);
export const param = (key: string, value: unknown): Entry => entry(key, value, longestParam);

function entry(key: string, given: unknown, longest: number): Entry {
  const value = String(given);
  const fits = value.length <= longest ? value : `${cut(value, longest - 1)}…`;
  return { key: cut(key, longestKey), value: fits };
}

/** Not within a character of two UTF-16 units: MLflow reads nothing behind half of one. */
function cut(text: string, longest: number): string {
  return text.slice(0, longest).replace(/[\ud800-\udbff]$/, '');
}
