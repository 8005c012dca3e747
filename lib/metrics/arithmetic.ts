export function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < values.length; index += 1) total += values[index] as number;
  return total;
}

/** Null where the ratio is 0/0. */
export function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

/** The mean of those that are defined; null without any. */
export function mean(values: (number | null)[]): number | null {
  const defined = values.filter((value) => value !== null);
  return ratio(sum(defined), defined.length);
}

/** Linear between the two nearest values. @param sorted ascending */
export function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] as number;
  return below + (at % 1) * ((sorted[Math.ceil(at)] as number) - below);
}
