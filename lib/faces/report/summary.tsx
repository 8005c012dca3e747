import type { ReactNode } from 'react';
import type { Figures, GillnetEvent } from '../../pipeline/events.js';
import { count, loss, percent, plural } from '../format.js';
import { bestEpochOf } from '../run-facts.js';
import { decimals, defined, Facts, Figure, Name, Share, Table } from './parts.js';
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
function judged(figures: Figures): Record<string, ReactNode> {
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

/** What the model would be believed to tell, beside what it tells of photos that it has not trained on. */
export function leak({ evaluated }: RunRecord): ReactNode | null {
  if (!evaluated?.unseen) return null;
  const { unseen, leaks } = evaluated;
  const without = judged(unseen);
  const rows = [
    ['Photos', count(evaluated.photos), count(unseen.photos)],
    ...Object.entries(judged(evaluated)).map(([name, figure]) => [name, figure, without[name]]),
  ];
  return (
    <>
      <p>
        Training has seen {count(leaks)} of these {plural(evaluated.photos, 'photo')}. On all of
        them the model tells {percent(evaluated.accuracy)} right, on the {count(unseen.photos)} that
        are new to it {percent(unseen.accuracy)}: only those say what it does with photos to come.
      </p>
      <Table
        caption="The same model, judged on all photos and on those that training has not seen; 95 % intervals in brackets"
        head={['Figure', 'With the leak', 'Without']}
        rows={rows}
        numbers
      />
    </>
  );
}

export function classFigures({ evaluated }: RunRecord): ReactNode | null {
  if (!evaluated || evaluated.classes.length === 0) return null;
  const rows = evaluated.classes.map((figures, index) => [
    <Name key="label">{figures.label}</Name>,
    String(index + 1),
    count(figures.support),
    <Share key="recall" value={figures.recall} interval={figures.recallInterval} />,
    <Share key="precision" value={figures.precision} interval={figures.precisionInterval} />,
    defined(figures.f1, decimals),
    defined(figures.auc, decimals),
  ]);
  return (
    <Table
      caption="Recall: of the photos of a class, those told right. Precision: of the photos told to be of it, those that are. 95 % intervals in brackets; a dash where there is nothing to divide by."
      head={['Class', 'No.', 'Photos', 'Recall', 'Precision', 'F1', 'ROC AUC']}
      rows={rows}
      numbers
    />
  );
}
