import { seenLine } from '../../event-lines.js';
import { count, plural, printable } from '../../format.js';
import type { ScreenState, Tone } from '../state.js';

/** What was found in the data that a person should know before training on it. */
export function findings({
  guarded,
  extracted,
  notes,
}: ScreenState): { text: string; tone: Tone }[] {
  const broken = extracted ? extracted.skipped - extracted.ignored : 0;
  return [
    ...(guarded ? [aboutCopies(guarded)] : []),
    broken > 0
      ? { text: `${plural(broken, 'broken photo')} left out`, tone: 'warning' as const }
      : { text: 'no broken photo', tone: 'good' as const },
    ...notes.map((text) => ({ text: printable(text), tone: 'warning' as const })),
  ];
}

function aboutCopies(guarded: NonNullable<ScreenState['guarded']>): { text: string; tone: Tone } {
  const { groups, leaks, quarantined, policy } = guarded;
  if (groups === 0) return { text: 'no photo stands twice', tone: 'good' };
  if (leaks === 0) {
    return {
      text: `${plural(groups, 'group')} that show the same, each in one split`,
      tone: 'good',
    };
  }
  const stood = seenLine(guarded);
  return policy === 'quarantine'
    ? { text: `${stood}: ${count(quarantined)} quarantined`, tone: 'warning' }
    : {
        text: `${stood}, and policy ${policy} keeps them: the figures will flatter`,
        tone: 'error',
      };
}
