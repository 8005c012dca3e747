// A terminal's screen as SVG, from what tmux has captured of it.
import emulator from '@xterm/headless';

const cell = { width: 8.4, height: 17 };
const margin = 12;
const paper = '#10171d';
const ink = '#d8e0e7';
/** The sixteen that a terminal's theme chooses, of which the trainer names some. */
const theme = [
  ...['#1c262f', '#f2777a', '#7bc275', '#e5b567', '#62b0f2', '#c594c5', '#5fc3c0', '#d8e0e7'],
  ...['#70808d', '#ff9a8d', '#9ad894', '#f7cf8b', '#8cc8fa', '#dab4da', '#86dad7', '#ffffff'],
];

/**
 * @param captured lines with the escape sequences of their colours
 * @returns the drawing, and its size in CSS pixels
 */
export async function drawScreen(captured, { columns, rows }) {
  const terminal = new emulator.Terminal({ cols: columns, rows, allowProposedApi: true });
  await new Promise((done) => terminal.write(captured.trimEnd().replaceAll('\n', '\r\n'), done));
  const drawn = Array.from({ length: rows }, (_, row) =>
    runsOf(terminal.buffer.active.getLine(row), columns).map((run) => drawRun(run, row)),
  );
  const width = Math.ceil(columns * cell.width + 2 * margin);
  const height = Math.ceil(rows * cell.height + 2 * margin);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans Mono, monospace" font-size="14">
<rect width="100%" height="100%" fill="${paper}"/>
${drawn.flat().join('\n')}
</svg>`;
  return { svg, width, height };
}

/** Neighbours that look alike, braille apart from text. */
function runsOf(line, columns) {
  const runs = [];
  for (let column = 0; column < columns; column += 1) {
    const at = line.getCell(column);
    const text = at.getChars() || ' ';
    const braille = /[\u2800-\u28ff]/.test(text);
    const style = styleOf(at);
    const before = runs.at(-1);
    if (before?.style === style && before.braille === braille) before.text += text;
    else runs.push({ text, column, braille, style, colours: coloursOf(at), bold: at.isBold() });
  }
  return runs;
}

const styleOf = (at) =>
  [
    at.getFgColorMode(),
    at.getFgColor(),
    at.getBgColorMode(),
    at.getBgColor(),
    at.isBold(),
    at.isDim(),
    at.isInverse(),
  ].join();

function coloursOf(at) {
  const fore = at.isFgDefault() ? ink : colour(at.isFgRGB(), at.getFgColor());
  const back = at.isBgDefault() ? paper : colour(at.isBgRGB(), at.getBgColor());
  const [text, behind] = at.isInverse() ? [back, fore] : [fore, back];
  return { text, behind, opacity: at.isDim() ? 0.6 : 1 };
}

/** The 240 behind the theme's are a cube of six steps a colour, and greys. */
function colour(isRgb, value) {
  if (isRgb) return hex(value >> 16, (value >> 8) & 255, value & 255);
  if (value < 16) return theme[value];
  if (value >= 232) return hex(...Array(3).fill(8 + 10 * (value - 232)));
  const step = (index) => (index === 0 ? 0 : 55 + 40 * index);
  const place = value - 16;
  return hex(step(Math.floor(place / 36)), step(Math.floor(place / 6) % 6), step(place % 6));
}

const hex = (...parts) => `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;

function drawRun({ text, column, braille, colours, bold }, row) {
  const [x, y] = [margin + column * cell.width, margin + row * cell.height];
  const width = text.length * cell.width;
  const behind =
    colours.behind === paper
      ? ''
      : `<rect x="${x}" y="${y}" width="${width}" height="${cell.height}" fill="${colours.behind}"/>`;
  if (text.trim() === '') return behind;
  const paint = `fill="${colours.text}" opacity="${colours.opacity}"`;
  if (braille) return `${behind}<g ${paint}>${dotsOf(text, x, y)}</g>`;
  const safe = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `${behind}<text x="${x}" y="${y + 13}" xml:space="preserve" textLength="${width}" ${bold ? 'font-weight="bold" ' : ''}${paint}>${safe}</text>`;
}

/** Fonts' braille is seldom as wide as their letters; terminals draw it themselves, too. */
function dotsOf(text, x, y) {
  // By the bits of a character.
  const columns = [0, 0, 0, 1, 1, 1, 0, 1];
  const rows = [0, 1, 2, 0, 1, 2, 3, 3];
  const dots = [...text].flatMap((character, index) =>
    columns.map((column, bit) => {
      if (((character.codePointAt(0) - 0x2800) & (1 << bit)) === 0) return '';
      const cx = x + (index + (column + 0.5) / 2) * cell.width;
      const cy = y + ((rows[bit] + 0.5) / 4) * cell.height;
      return `<circle cx="${cx}" cy="${cy}" r="1.4"/>`;
    }),
  );
  return dots.join('');
}
