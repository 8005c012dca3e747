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

/** An element that the page has from its beginning. */
export function find<Kind extends Element>(selector: string): Kind {
  return document.querySelector(selector) as Kind;
}
