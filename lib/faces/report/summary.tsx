import type { ReactNode } from 'react';
import type { Figures, GillnetEvent } from '../../pipeline/events.js';
import { count, loss, percent, plural } from '../format.js';
import { bestEpochOf } from '../run-facts.js';
import { decimals, defined, Facts, Figure, Name, Share } from './parts.js';
import type { RunRecord } from './record.js';

/** The run in one sentence. */
export function lead(record: RunRecord): ReactNode {
  const { evaluated, guarded } = record;
  const best = bestEpochOf(record);
  if (evaluated) {
    const { photos, split, accuracy, int8 } = evaluated;
    return (
      <>
        The model tells {count(Math.round(accuracy * photos))} of {plural(photos, 'photo')} of{' '}
        <Name>{split}</Name> right{int8 && ', computing in int8'}.
      </>
    );
  }
  if (best) {
    return `The best epoch, ${best.epoch} of ${best.epochs}, told ${percent(best.valAccuracy)} of its validation photos right.`;
  }
  if (guarded) {
    return guarded.groups === 0
      ? 'No photo stands twice in the data.'
      : `${plural(guarded.groups, 'group')} of photos that show the same, ${count(guarded.leaks)} of them on both sides of a split.`;
  }
  return 'Nothing was found out yet.';
}

/** What a person has to know before they believe anything else. */
export function notices({ evaluated, done, error, started }: RunRecord): string[] {
  const notices: string[] = [];
  if (error) {
    notices.push(`The run has not come to its end: ${error.message}`);
  } else if (done?.interrupted) {
    notices.push(
      `The run was stopped before its last epoch; \`npx gillnet train --resume ${done.run}\` goes on.`,
    );
  } else if (started && !done) {
    notices.push('The run had not ended when this was written, or was killed.');
  }
  if (evaluated && evaluated.leaks > 0) {
    notices.push(
      `These figures flatter: ${count(evaluated.leaks)} of these photos trained as well, as the policy allowed. The model has seen their answers.`,
    );
  }
  return notices;
}

export function figures(record: RunRecord): ReactNode | null {
  const { evaluated } = record;
  const best = bestEpochOf(record);
  const facts = evaluated ? judgedInFull(evaluated) : best && validated(best);
  if (!facts) return null;
  return (
    <>
      <Facts large facts={facts} />
      {evaluated && (
        <p className="note">
          In brackets and as bars from 0 to 1: 95 % intervals, Wilson’s of shares and the stratified
          bootstrap’s of macro F1. ROC AUC: each class against the rest, and the mean of these.
          Calibration error: expected calibration error over {evaluated.reliability.length} bins.
        </p>
      )}
    </>
  );
}

/** How well a model does. */
export function judged(figures: Figures): Record<string, ReactNode> {
  const { accuracy, accuracyInterval, macroF1, macroF1Interval, balancedAccuracy } = figures;
  return {
    'Top-1 accuracy': <Share value={accuracy} interval={accuracyInterval} />,
    'Macro F1': <Figure value={macroF1} interval={macroF1Interval} />,
    'Balanced accuracy': <Share value={balancedAccuracy} interval={null} />,
  };
}

function judgedInFull(evaluated: GillnetEvent<'evaluated'>): Record<string, ReactNode> {
  return {
    ...judged(evaluated),
    'ROC AUC': <b>{defined(evaluated.auc, decimals)}</b>,
    'Log loss': <b>{defined(evaluated.logLoss, decimals)}</b>,
    'Brier score': <b>{defined(evaluated.brier, decimals)}</b>,
    'Calibration error': <b>{percent(evaluated.ece)}</b>,
    'Photos judged': <b>{count(evaluated.photos)}</b>,
  };
}

function validated({ epoch, epochs, valAccuracy, valLoss }: GillnetEvent<'epoch'>) {
  return {
    'Validation accuracy': <b>{percent(valAccuracy)}</b>,
    'Validation loss': <b>{loss(valLoss)}</b>,
    'Best epoch': <b>{`${epoch} of ${epochs}`}</b>,
  };
}
