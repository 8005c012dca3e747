import type { Tab } from './keys.js';
import type { Layout } from './layout.js';
import { linesOf } from './log.js';
import type { ScreenState } from './state.js';

/** How far a page scrolls: by lines, or by the photos that can be marked. */
export function furthest(
  { training, log }: ScreenState,
  tab: Tab,
  { columns, page }: Layout,
): number {
  const last = training?.epochs.at(-1);
  switch (tab) {
    case 'classes':
      // The title has a row.
      return Math.max(0, (last?.classes?.length ?? 0) - (page - 1));
    case 'photos':
      return Math.max(0, (last?.wrongest?.length ?? 0) - 1);
    case 'log':
      return Math.max(0, linesOf(log, columns).length - page);
    default:
      return 0;
  }
}
