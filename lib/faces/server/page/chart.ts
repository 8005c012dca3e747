import type { Point } from '../../curves.js';

interface ChartOptions {
  /** What it shows, for those who do not see it. */
  title: string;
  training: Point[];
  /** Few points, which are seen each. */
  validation: Point[];
  /** Epochs on the axis. */
  epochs: number;
  /** The axis ends here, whatever is shown. */
  most?: number;
  format: (value: number) => string;
}

/** Pixels. */
const height = 200;
const margin = { top: 10, right: 12, bottom: 26, left: 48 };

/** Draws curves over epochs into an SVG of the page, as wide as that is. */
export function draw(chart: SVGSVGElement, options: ChartOptions): void {
  const { training, validation, most, format } = options;
  const width = Math.max(200, chart.parentElement?.clientWidth ?? 0);
  const epochs = Math.max(1, options.epochs);
  const top = most ?? roundUp(Math.max(1e-6, ...[...training, ...validation].map(({ y }) => y)));
  const x = (epoch: number) =>
    margin.left + (epoch / epochs) * (width - margin.left - margin.right);
  const y = (value: number) =>
    height - margin.bottom - (Math.min(value, top) / top) * (height - margin.top - margin.bottom);
  chart.setAttribute('viewBox', `0 0 ${width} ${height}`);
  chart.setAttribute('aria-label', inWords(options));
  const lines = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const [at, end] = [y(share * top), width - margin.right];
    return [
      svg('line', { class: 'grid', x1: margin.left, x2: end, y1: at, y2: at }),
      label(format(share * top), { x: margin.left - 8, y: at + 4, 'text-anchor': 'end' }),
    ];
  });
  const below = ticks(epochs, Math.floor(width / 60)).map((epoch) =>
    label(String(epoch), { x: x(epoch), y: height - 8, 'text-anchor': 'middle' }),
  );
  const curve = (look: string, points: Point[]) =>
    svg('polyline', {
      class: `curve ${look}`,
      points: points.map((point) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`).join(' '),
    });
  const dots = (look: string, points: Point[]) =>
    points.map((point) =>
      svg('circle', { class: `dot ${look}`, cx: x(point.x), cy: y(point.y), r: 3 }),
    );
  chart.replaceChildren(
    ...[...lines.flat(), ...below, curve('train', training)],
    ...(training.length === 1 ? dots('train', training) : []),
    ...[curve('val', validation), ...dots('val', validation)],
  );
}

/** `Loss: training goes from 1.61 to 0.32 …` */
function inWords({ title, training, validation, format }: ChartOptions): string {
  const told = (points: Point[]) => {
    const [first, last] = [points[0], points.at(-1)];
    if (!first || !last) return 'has no figure yet';
    if (first === last) return `is ${format(first.y)}`;
    return `goes from ${format(first.y)} to ${format(last.y)}`;
  };
  return `${title}: training ${told(training)}; validation ${told(validation)}.`;
}

/** Whole epochs with one distance, few enough. */
function ticks(epochs: number, most: number): number[] {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
  const step = steps.find((each) => epochs / each <= Math.max(2, most)) ?? epochs;
  return Array.from({ length: Math.floor(epochs / step) + 1 }, (_, index) => index * step);
}

/** To the next of 1, 2, 4, 6, 8 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 4, 6, 8, 10].find((each) => each * power >= value) ?? 10);
}

function label(text: string, attributes: Record<string, string | number>): SVGElement {
  const made = svg('text', { class: 'tick', ...attributes });
  made.textContent = text;
  return made;
}

function svg(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
