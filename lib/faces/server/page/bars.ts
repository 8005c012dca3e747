import { element } from './element.js';

/** A bar of a list: what it is of, the share that it is filled to, and that in words. */
export function barOf(label: string, share: number, told: string): HTMLLIElement {
  const bar = element('span', { className: 'bar' });
  bar.style.setProperty('--share', String(share));
  const figure = element('span', { className: 'number' }, told);
  return element('li', {}, element('span', {}, label), ' ', figure, bar);
}
