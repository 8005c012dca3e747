/** A private operating system command: no terminal shows it, and it comes in its place among the output. */
export const reportCode = 7788;

/** All that was said so. */
export const ownReports = new RegExp(`\x1b\\]${reportCode};.*?\x07`, 'g');

/** Says something to the emulator that reads this terminal. */
export function report(kind: 'started' | 'ended', facts: object): string {
  return `\x1b]${reportCode};${JSON.stringify({ kind, ...facts })}\x07`;
}
