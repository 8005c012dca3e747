import { colours } from '../colours.js';

/** The page's look, on a screen and on paper. */
export const style = `
${colours}* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth }
body { font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
  color: var(--text); background: var(--paper); margin: 0; overflow-wrap: anywhere }
header, main, footer { max-width: 66rem; margin: 0 auto; padding: 0 1.25rem }
header { padding-top: 2.75rem } main { padding-bottom: 1rem }
a { color: var(--main); text-underline-offset: .2em }
a:focus-visible, summary:focus-visible, .scrolling:focus-visible { outline: 2px solid var(--main); outline-offset: 2px; border-radius: 2px }
h1 { font-size: 1rem; font-weight: 600; color: var(--muted); margin: 0; letter-spacing: .01em }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 .5rem; letter-spacing: -.01em }
h3 { font-size: 1rem; margin: 1.75rem 0 .6rem }
section { padding: 2rem 0 0; border-top: 1px solid var(--line); margin-top: 2rem }
p { margin: .4rem 0 .9rem; max-width: 46rem } .muted, .note { color: var(--muted) } .note { font-size: .875rem }
.lead { font-size: clamp(1.5rem, 1.1rem + 2vw, 2.2rem); line-height: 1.2; letter-spacing: -.02em; font-weight: 650;
  margin: .35rem 0 .6rem; max-width: 44rem; text-wrap: balance }
nav ul { list-style: none; padding: 0; margin: 1.25rem 0 0; display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; font-size: .9rem }
.notice { background: var(--warn); border-left: 4px solid var(--warn-line); padding: .7rem 1rem; margin: 1rem 0; max-width: none }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(max(8.75rem, 20%), 1fr)); gap: 1px; margin: 1.25rem 0 .75rem;
  border: 1px solid var(--line); border-radius: .6rem; overflow: hidden }
.figures > div { box-shadow: 0 0 0 1px var(--line); padding: .85rem 1rem }
.figures dt { color: var(--muted); font-size: .85rem } .figures dd { margin: .15rem 0 0 }
.figures b { display: block; font-size: 1.6rem; line-height: 1.25; letter-spacing: -.02em; font-weight: 650 }
.figures .ends, .figures .plain { color: var(--muted); font-size: .85rem }
b { font-weight: inherit } b, td, dd, .ends { font-variant-numeric: tabular-nums }
.estimate .ends { color: var(--muted) }
.range { display: block; position: relative; height: 5px; margin-top: .35rem; border-radius: 3px; background: var(--line); min-width: 4rem }
.range::before { content: ""; position: absolute; inset: 0 auto 0 calc(var(--low) * 100%); width: max(2px, calc((var(--high) - var(--low)) * 100%));
  background: var(--main); opacity: .55; border-radius: 3px }
.range::after { content: ""; position: absolute; top: -2px; bottom: -2px; left: calc(var(--at) * 100% - 1.5px); width: 3px; background: var(--main); border-radius: 2px }

.scrolling { overflow-x: auto; margin: .75rem 0 1.25rem; max-width: 100% }
table { border-collapse: collapse; font-size: .9rem; overflow-wrap: break-word }
table bdi { display: inline-block; vertical-align: top; max-width: min(18rem, 45vw) }
tbody th bdi { display: -webkit-inline-box; -webkit-box-orient: vertical; -webkit-line-clamp: 4; overflow: hidden }
caption { text-align: left; color: var(--muted); font-size: .875rem; padding-bottom: .45rem; min-width: 16rem }
caption span { display: inline-block; position: sticky; left: 0; max-width: min(46rem, 100vw - 2.5rem) }
th, td { padding: .38rem .9rem .38rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line) }
thead th { color: var(--muted); font-weight: 500; vertical-align: bottom } tbody th { font-weight: 500; min-width: 6rem; max-width: 18rem }
.numbers td, .numbers thead th + th { text-align: right; padding: .38rem 0 .38rem 1.4rem; white-space: nowrap }
.numbers tbody th { padding-right: .5rem }
.numbers .estimate { display: inline-block; width: 10rem }
td .range { margin-top: .2rem }

.matrix { border-collapse: separate; border-spacing: 2px }
.matrix th, .matrix td { border: 0; padding: .3rem .5rem } .matrix td { text-align: center; min-width: 2.6rem; border-radius: .25rem; background: var(--well) }
.matrix thead th { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; max-height: 10rem; line-height: 1.2; padding: .5rem .3rem }
.matrix thead th:first-child { writing-mode: horizontal-tb; transform: none }
.matrix bdi { display: inline-block; max-width: 11rem; max-height: 10rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; vertical-align: bottom }
.matrix tbody th { max-width: 12rem; vertical-align: middle }
.matrix td.right { background: color-mix(in srgb, var(--main) calc(6% + var(--share) * var(--strength)), var(--well)) }
.matrix td.wrong { background: color-mix(in srgb, var(--other) calc(6% + var(--share) * var(--strength)), var(--well)) }
.matrix td.zero { color: var(--muted) }

.beside { display: flex; flex-wrap: wrap; gap: 0 3.5rem; align-items: flex-start } .beside > * { min-width: 0 }
.beside .chart { width: 36rem; max-width: 100% }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem 2.5rem }
figure { margin: 0 } .chart { max-width: 40rem; min-width: 0 }
figcaption { font-size: .9rem; line-height: 1.45 } .chart figcaption { font-weight: 600; margin: .75rem 0 .35rem }
.chart svg { display: block; width: 100%; height: auto; overflow: visible } .chart svg text { fill: var(--muted) }
.chart .y-grid { stroke: var(--text); stroke-opacity: .12 } .chart .x-axis-tick, .chart .y-axis-tick { stroke: var(--line) }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; font-weight: 400; color: var(--muted); font-size: .85rem; margin-top: .1rem }
.legend i { display: inline-block; width: 1.5rem; border-top: 2px solid var(--main); vertical-align: middle; margin-right: .4rem }
.legend i.train { border-top: 2px dashed var(--other) }
.legend i.best { width: .7rem; height: .7rem; border: 2px solid var(--main); border-radius: 50% }
summary { color: var(--main); font-size: .85rem; cursor: pointer; padding: .25rem 0 }
details .scrolling { max-height: 22rem; overflow-y: auto }

.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18.5rem), 1fr)); gap: 1.5rem 1.25rem; margin: 1rem 0; padding: 0; list-style: none }
.cards.small { grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)) }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 3px; margin-bottom: .45rem }
.picture { display: block; width: 100%; aspect-ratio: 4 / 3; object-fit: contain; background: var(--well); border-radius: .3rem }
.none { display: grid; place-items: center; color: var(--muted); font-size: .8rem }
.cards figcaption small, .cards .file { display: block; color: var(--muted); font-size: .8rem; line-height: 1.35 }
.cards .file { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden }
.cards figure > .picture { margin-bottom: .45rem }
.said { font-weight: 600 } .wrongly { color: var(--other); font-weight: 600 }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 3px }

.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); gap: .8rem 2rem; margin: .75rem 0 1.25rem }
.facts dt { color: var(--muted); font-size: .85rem } .facts dd { margin: 0 } code { font: .92em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
ul.plain { padding-left: 1.1rem; margin: .5rem 0 1rem; max-width: 52rem } ul.plain li { margin: .3rem 0 } ul.plain small { margin: 0 .5em; color: var(--muted) }
footer { color: var(--muted); font-size: .85rem; padding-bottom: 3rem } footer p { border-top: 1px solid var(--line); padding-top: 1rem; max-width: none }

@media screen and (max-width: 32rem) {
  .numbers .ends { display: block } .numbers .estimate { width: 6.25rem } .numbers td, .numbers thead th + th { padding-left: .6rem }
  tbody th { min-width: 5rem }
}
@media print {
  @page { margin: 14mm }
  html { font-size: 10pt } body { -webkit-print-color-adjust: exact; print-color-adjust: exact }
  header, main, footer { max-width: none; padding-left: 0; padding-right: 0 } header { padding-top: 0 }
  nav, details { display: none }
  section { padding-top: 1rem; margin-top: 1rem }
  h2, h3, h2 + p, caption, .chart figcaption { break-after: avoid }
  p, tr, figure, .beside, .scrolling, .figures, .figures > div, .facts > div, .notice { break-inside: avoid }
  .scrolling { overflow: visible } table bdi { max-width: 15rem } .matrix bdi { max-width: 8rem } footer { padding-bottom: 0; break-inside: avoid }
  .numbers td, .numbers thead th + th { padding-left: .6rem } .numbers .estimate { width: 10rem }
  .matrix th, .matrix td { padding: .15rem .2rem; min-width: 0 }
  .charts { grid-template-columns: 1fr 1fr } .cards { grid-template-columns: repeat(3, 1fr); gap: 1rem }
  .cards .file { display: block }
  .cards.small { grid-template-columns: repeat(5, 1fr) }
}
`;
