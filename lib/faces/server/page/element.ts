type Child = Node | string | null;

/** An element with what it has and holds; null stands for nothing. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** A bar of a list: what it is of, the share that it is filled to, and that in words. */
export function barOf(label: string, share: number, told: string): HTMLLIElement {
  const bar = element('span', { className: 'bar' });
  bar.style.setProperty('--share', String(share));
  const figure = element('span', { className: 'number' }, told);
  return element('li', {}, element('span', {}, label), ' ', figure, bar);
}

/** An element that the page has from its beginning. */
export function find<Kind extends Element = HTMLElement>(selector: string): Kind {
  return document.querySelector(selector) as Kind;
}
