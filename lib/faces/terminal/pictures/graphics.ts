import type { PixelSize } from './area.js';

/** Ways in which terminals show pictures. */
export const graphics = ['kitty', 'iterm2', 'sixel', 'blocks', 'none'] as const;
export type Graphics = (typeof graphics)[number];

/** What a terminal has answered so far. */
export interface Answers {
  /** Of a character, in pixels. */
  cell: PixelSize | null;
  /** Of the primary device attributes. */
  attributes: number[] | null;
}

export const noAnswers: Answers = { cell: null, attributes: null };

/** For terminals that do not tell their own: a small one, so that no picture goes over its area. */
export const smallCell: PixelSize = { width: 6, height: 12 };

/** XTWINOPS 16 and DA1. Every terminal answers the second, so that its answer ends the waiting for both. */
export const query = '\u001b[16t\u001b[c';

const sixelAttribute = 4;
/** Some terminals answer with 0; a picture is drawn in as many pixels as the cells have. */
const plausible = (edge: number) => edge > 0 && edge <= 256;
// biome-ignore lint/suspicious/noControlCharactersInRegex: answers are control sequences.
const answer = /\x1b\[(?:6;(?<height>\d+);(?<width>\d+)t|\?(?<attributes>[\d;]*)c)/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
const beginning = /\x1b(?:\[(?:6(?:;[\d;]*)?|\?[\d;]*)?)?$/;

/**
 * Takes answers out of what came from a terminal.
 * @returns `rest`, which a person typed; `pending`, which may be the beginning of an answer, to be put before
 *   what comes next, or taken as typed when nothing comes: a lone Escape looks the same
 */
export function takeAnswers(
  input: string,
  before: Answers = noAnswers,
): { rest: string; pending: string; answers: Answers } {
  let answers = before;
  const typed = input.replaceAll(answer, (...found) => {
    const { height, width, attributes } = found.at(-1) as Record<string, string | undefined>;
    if (attributes !== undefined) {
      answers = { ...answers, attributes: attributes.split(';').map(Number) };
    } else {
      const cell = { width: Number(width), height: Number(height) };
      if (plausible(cell.width) && plausible(cell.height)) answers = { ...answers, cell };
    }
    return '';
  });
  const pending = beginning.exec(typed)?.[0] ?? '';
  return { rest: typed.slice(0, typed.length - pending.length), pending, answers };
}

/**
 * How a terminal shows pictures, by the environment first, then by what it answers. Sixels are counted in pixels:
 * where it is not known how many a character has they would be too small, or go over what is beside them.
 */
export function graphicsOf(environment: NodeJS.ProcessEnv, answers: Answers): Graphics {
  const sixels = answers.cell !== null && answers.attributes?.includes(sixelAttribute);
  if ((environment.TERM ?? 'dumb') === 'dumb') return 'none';
  return graphicsOfEnvironment(environment) ?? (sixels ? 'sixel' : 'blocks');
}

function graphicsOfEnvironment(environment: NodeJS.ProcessEnv): Graphics | null {
  const { TMUX, STY, TERM, KITTY_WINDOW_ID, TERM_PROGRAM, LC_TERMINAL } = environment;
  // What these run in may be another terminal than the environment tells of, and shows no picture through them.
  if (TMUX || STY) return null;
  if (TERM === 'xterm-kitty' || TERM === 'xterm-ghostty') return 'kitty';
  if (TERM_PROGRAM === 'ghostty' || TERM_PROGRAM === 'WezTerm') return 'kitty';
  if (TERM_PROGRAM === 'iTerm.app') return 'iterm2';
  // A terminal that was started from another one has inherited what follows.
  if (TERM_PROGRAM) return null;
  if (KITTY_WINDOW_ID) return 'kitty';
  return LC_TERMINAL === 'iTerm2' ? 'iterm2' : null;
}
