/** A share as all of gillnet tells it: `64.3 %`. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** For axes. */
export const wholePercent = (share: number): string => `${Math.round(100 * share)} %`;
