import type { CSSProperties, ReactNode } from 'react';
import type { Interval } from '../../metrics/interval.js';
import { version } from '../../version.js';
import { figureEnds, moment, percent, percentEnds } from '../format.js';

/** What the sections of the report are made of. */

/** A label, a file's name or another text from elsewhere, in whatever direction it is written. */
export function Name({ children }: { children: string }) {
  return <bdi>{children}</bdi>;
}

interface HeadProps {
  title: ReactNode;
  /** The whole in one sentence. */
  lead: ReactNode;
  /** What a person has to know before they believe anything else. */
  notices: string[];
  children?: ReactNode;
}

/** What a page begins with. */
export function Head({ title, lead, notices, children }: HeadProps) {
  return (
    <header>
      <h1>gillnet · {title}</h1>
      <p className="lead">{lead}</p>
      {notices.map((notice) => (
        <p key={notice} className="notice">
          <Name>{notice}</Name>
        </p>
      ))}
      {children}
    </header>
  );
}

export function Section({
  id,
  title,
  children,
}: {
  id: string;
  title: string;
  children: ReactNode;
}) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {children}
    </section>
  );
}

/** What a page ends with: who has written it, when and from what. */
export function Written({ from, children }: { from: string; children?: ReactNode }) {
  return (
    <footer>
      <p>
        Written by gillnet {version} on {moment(new Date().toISOString())}, from the events of the{' '}
        {from} alone. {children}
      </p>
    </footer>
  );
}

interface TableProps {
  caption: ReactNode;
  /** The first one heads the rows' own names. */
  head: ReactNode[];
  /** Each row's first cell is its name. */
  rows: ReactNode[][];
  /** Its other cells are numbers. */
  numbers?: boolean;
}

/** A table that scrolls by itself where it is wider than the page. */
export function Table({ caption, head, rows, numbers = false }: TableProps) {
  return (
    <Scrolling>
      <table className={numbers ? 'numbers' : undefined}>
        <caption>
          <span>{caption}</span>
        </caption>
        <thead>
          <tr>{head.map((name, column) => cell(name, column, 'col'))}</tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: nothing is ever rendered twice
            <tr key={index}>
              {row.map((each, column) => cell(each, column, column ? null : 'row'))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  );
}

function cell(content: ReactNode, column: number, scope: 'col' | 'row' | null) {
  return scope ? (
    <th key={column} scope={scope}>
      {content}
    </th>
  ) : (
    <td key={column}>{content}</td>
  );
}

/** Reached by the keyboard, too, so that it can be scrolled. */
export function Scrolling({ children }: { children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <div className="scrolling" tabIndex={0}>
      {children}
    </div>
  );
}

/** Names and what they stand for; those of null are left out. */
export function Facts({
  facts,
  large = false,
}: {
  facts: Record<string, ReactNode>;
  large?: boolean;
}) {
  const told = Object.entries(facts).filter(([, value]) => value !== null);
  return (
    <dl className={large ? 'figures' : 'facts'}>
      {told.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface Estimated {
  value: number | null;
  interval: Interval | null;
}

/** A share with its interval, written and drawn on the line from 0 to 1; a dash for what is undefined. */
export function Share({ value, interval }: Estimated) {
  return <Estimate value={value} interval={interval} written={percent} ends={percentEnds} />;
}

/** As `Share`, written with three decimals. */
export function Figure({ value, interval }: Estimated) {
  return <Estimate value={value} interval={interval} written={decimals} ends={figureEnds} />;
}

interface EstimateProps extends Estimated {
  written: (value: number) => string;
  ends: (interval: Interval) => string;
}

function Estimate({ value, interval, written, ends }: EstimateProps) {
  if (value === null) return <>–</>;
  if (!interval) return <b>{written(value)}</b>;
  const [low, high] = interval;
  return (
    <span className="estimate">
      <b>{written(value)}</b> <span className="ends">({ends(interval)})</span>
      <span
        aria-hidden="true"
        className="range"
        style={{ '--low': low, '--high': high, '--at': value } as CSSProperties}
      />
    </span>
  );
}

export const decimals = (value: number) => value.toFixed(3);
/** A dash for what is undefined. */
export const defined = (value: number | null | undefined, written: (value: number) => string) =>
  value == null ? '–' : written(value);

interface ChartProps {
  title: string;
  /** What a person who does not see it should know of it. */
  about: string;
  svg: string;
  legend?: ReactNode;
  /** Its numbers as a table. */
  children?: ReactNode;
}

export function Chart({ title, about, svg, legend, children }: ChartProps) {
  return (
    <figure className="chart">
      <figcaption>
        {title}
        {legend}
      </figcaption>
      {/* biome-ignore lint/security/noDangerouslySetInnerHtml: the charts' library escapes what is written in them */}
      <div role="img" aria-label={about} dangerouslySetInnerHTML={{ __html: svg }} />
      {children && (
        <details>
          <summary>Numbers of “{title}”</summary>
          {children}
        </details>
      )}
    </figure>
  );
}

/** What each line of a chart is, by the class of its look. */
export function Legend({ lines }: { lines: [look: 'train' | 'best' | undefined, name: string][] }) {
  return (
    <span className="legend">
      {lines.map(([look, name]) => (
        <span key={name}>
          <i className={look} /> <Name>{name}</Name>
        </span>
      ))}
    </span>
  );
}

/** A small picture, as WebP in base64; an empty frame where there is none. */
export function Picture({ image, alt }: { image: string | undefined; alt: string }) {
  if (image === undefined) return <span className="picture none">no picture</span>;
  return <img className="picture" src={`data:image/webp;base64,${image}`} alt={alt} />;
}

/** A photo's key. */
export function File({ children }: { children: string }) {
  return (
    <span className="file">
      <Name>{children}</Name>
    </span>
  );
}
