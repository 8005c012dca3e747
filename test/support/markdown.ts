import { contentOf } from './sources.js';

/** A fenced block of a page. */
export interface Block {
  /** The page and the line of its fence, as editors read them. */
  place: string;
  language: string;
  text: string;
  /** What `<!-- not executed: WHY -->` in front of it says; null where there is none. */
  notExecuted: string | null;
}

const fenced = /^(?:<!-- not executed: (.+) -->\n)?```(\w*)\n([\s\S]*?)^```$/gm;

export function blocksOf(page: string): Block[] {
  const text = contentOf(page);
  return [...text.matchAll(fenced)].map((match) => ({
    place: `${page}:${text.slice(0, match.index).split('\n').length + (match[1] ? 1 : 0)}`,
    language: match[2] ?? '',
    text: match[3] ?? '',
    notExecuted: match[1] ?? null,
  }));
}

/** The page without its fenced blocks. */
export const proseOf = (page: string): string => contentOf(page).replace(fenced, '');

/** The lines of a shell's block without their comments. */
export function commandsOf({ text }: Block): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/(^|\s+)#.*$/, ''))
    .filter((line) => line !== '');
}

/** Where a page's links and pictures lead, in their order. */
export function targetsOf(page: string): string[] {
  const links = proseOf(page).matchAll(/\]\(([^)\s]+)\)|\b(?:src|href)="([^"]+)"/g);
  return [...links].map(([, link, attribute]) => link ?? attribute ?? '');
}

/** The anchors of a page's headings, by GitHub's rule. */
export function anchorsOf(page: string): string[] {
  return [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
