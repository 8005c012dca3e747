import { duration, percent } from '../../format.js';
import { draw } from './chart.js';
import { barOf, element, find } from './element.js';
import { type RunState, shareOf, standing } from './run-state.js';

const figure = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const rate = new Intl.NumberFormat('en', { maximumSignificantDigits: 3, notation: 'standard' });
const loss = (value: number) => value.toFixed(value < 10 ? 3 : 1);
/** For axes. */
const wholePercent = (share: number) => `${Math.round(100 * share)} %`;
const axis = (value: number) => String(Number(value.toPrecision(2)));

/** Shows a run as it is now. @param lost why nothing new is heard, null where the connection is there */
export function show(id: string, state: RunState, lost: string | null): void {
  const word = standing(state);
  find('#run-heading').textContent = id;
  find('#state').textContent = word;
  find('#state').className = `state ${word}`;
  find('#doing').textContent = doing(state);
  find<HTMLProgressElement>('#progress').value = shareOf(state);
  find('#notices').replaceChildren(...noticesOf(state, lost));
  find('#figures').replaceChildren(
    ...figuresOf(state).map(([name, value]) =>
      element('div', {}, element('dt', {}, name), element('dd', { className: 'number' }, value)),
    ),
  );
  drawCharts(state);
  showClasses(state);
  showEpochs(state);
}

/** What those hear of it who do not see it: no steps. */
export function inWords(state: RunState): string {
  const word = standing(state);
  const last = state.epochs.at(-1);
  if (word !== 'running') return `The training is ${word}.`;
  if (!last) return doing(state);
  return `Epoch ${last.epoch} of ${state.planned}: validation accuracy ${percent(last.valAccuracy)}.`;
}

function doing({ stage, step, planned, done, saved, started }: RunState): string {
  if (done && saved) return `The model is ${saved.model}.`;
  if (done) return '';
  if (stage) {
    const far =
      stage.total > 0 ? `, ${figure.format(stage.done)} of ${figure.format(stage.total)}` : '';
    return `${stage.name}: ${stage.detail}${far}`;
  }
  if (step)
    return `Epoch ${figure.format(step.epoch)} of ${figure.format(planned)}, step ${figure.format(step.step)} of ${figure.format(step.steps)}`;
  return started ? 'The training begins.' : '';
}

function noticesOf({ warnings, quiet, error, done }: RunState, lost: string | null): Node[] {
  const notice = (title: string, text: string) =>
    element('p', { className: 'notice' }, element('strong', {}, `${title} `), text);
  return [
    ...(lost !== null && !done ? [notice('Not connected.', `${lost} It is tried again.`)] : []),
    ...(error && error.code !== 'INTERRUPTED' ? [notice('It has failed.', error.message)] : []),
    ...(quiet === null ? [] : [notice('Nothing is heard of it.', quiet)]),
    ...warnings.map((text) => notice('Warning:', text)),
  ];
}

function figuresOf(state: RunState): [string, string][] {
  const { started, step, epochs, imagesPerSecond, evaluated, done } = state;
  const best = epochs.findLast(({ best }) => best);
  const last = epochs.at(-1);
  const figures: [string, string | undefined | null][] = [
    ['Network', started?.model],
    [
      'Photos',
      started && `${figure.format(started.trainPhotos)} + ${figure.format(started.valPhotos)}`,
    ],
    ['Loss', step && loss(step.loss)],
    ['Learning rate', step && rate.format(step.learningRate)],
    ['Images/s', imagesPerSecond === null ? null : figure.format(imagesPerSecond)],
    ['Validation accuracy', last && percent(last.valAccuracy)],
    ['Best', best && `${percent(best.valAccuracy)}, epoch ${best.epoch}`],
    ['Test accuracy', evaluated && percent(evaluated.accuracy)],
    ['Took', done && duration(done.seconds)],
  ];
  return figures.filter((each): each is [string, string] => Boolean(each[1]));
}

function drawCharts({ epochs, losses, planned }: RunState): void {
  const points = (of: (epoch: (typeof epochs)[number]) => number | undefined) =>
    epochs.flatMap((each) => {
      const y = of(each);
      return y === undefined ? [] : [{ x: each.epoch, y }];
    });
  draw(find('#losses'), {
    ...{ title: 'Loss', epochs: planned, format: axis },
    training: losses,
    validation: points(({ valLoss }) => valLoss),
  });
  draw(find('#accuracies'), {
    ...{ title: 'Accuracy', epochs: planned, format: wholePercent, most: 1 },
    training: points(({ trainAccuracy }) => trainAccuracy),
    validation: points(({ valAccuracy }) => valAccuracy),
  });
}

function showClasses({ epochs }: RunState): void {
  const classes = epochs.at(-1)?.classes ?? [];
  find('#classes').hidden = classes.length === 0;
  find('#classes ul').replaceChildren(
    ...classes.map(({ label, accuracy, photos }) =>
      barOf(label, accuracy, `${percent(accuracy)} of ${figure.format(photos)}`),
    ),
  );
}

function showEpochs({ epochs }: RunState): void {
  // What may be wider than the page is reached by keyboard, too.
  find('#epochs .scrolling').tabIndex = 0;
  find('#epochs').hidden = epochs.length === 0;
  find('#epochs tbody').replaceChildren(
    ...epochs.map((each) => {
      const { epoch, trainLoss, valLoss, valAccuracy, imagesPerSecond, seconds } = each;
      const cells = [
        ...[loss(trainLoss), loss(valLoss), percent(valAccuracy)],
        ...[figure.format(imagesPerSecond), figure.format(seconds)],
      ];
      return element(
        'tr',
        {},
        element('th', { scope: 'row' }, String(epoch)),
        ...cells.map((cell) => element('td', { className: 'number' }, cell)),
      );
    }),
  );
}
