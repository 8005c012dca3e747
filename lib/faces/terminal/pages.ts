import type { FunctionComponent } from 'react';
import { Classes, furthestClass } from './classes.js';
import type { Tab } from './keys.js';
import { furthestLine, Log } from './log.js';
import { Overview } from './overview.js';
import type { Furthest, PageProps } from './page.js';
import { furthestPhoto, Photos } from './photos.js';
import { Result } from './result.js';

interface Page {
  Body: FunctionComponent<PageProps>;
  /** Of a page that scrolls. */
  furthest?: Furthest;
}

/** What stands behind each tab. */
export const pages: Record<Tab, Page> = {
  overview: { Body: Overview },
  classes: { Body: Classes, furthest: furthestClass },
  photos: { Body: Photos, furthest: furthestPhoto },
  log: { Body: Log, furthest: furthestLine },
  result: { Body: Result },
};
