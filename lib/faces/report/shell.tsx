import type { ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { style } from './style.js';

/** Nothing is fetched, and nothing runs. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** One HTML page that needs nothing else. */
export function renderPage(title: string, body: ReactNode): string {
  const page = renderToStaticMarkup(
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <meta httpEquiv="Content-Security-Policy" content={policy} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        <link rel="icon" href="data:," />
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: a constant, whose quotes are no entities in CSS */}
        <style dangerouslySetInnerHTML={{ __html: style }} />
      </head>
      <body>{body}</body>
    </html>,
  );
  // Names of files come from anywhere; HTML allows none of these.
  return `<!doctype html>\n${page.replace(/[^\P{Cc}\n\t]/gu, '\ufffd')}\n`;
}
