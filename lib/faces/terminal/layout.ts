/** Of a terminal, in characters. */
export interface Size {
  columns: number;
  rows: number;
}

/** Which rows a terminal of this height has room for; the page gets what is left. */
export interface Layout {
  columns: number;
  /** Rows above the page. */
  top: number;
  /** Rows of the page. */
  page: number;
  facts: boolean;
  rules: boolean;
  keys: boolean;
  status: boolean;
}

export function layoutOf(size: Size): Layout {
  const { rows } = size;
  const rules = rows >= 22;
  const facts = rows >= 18;
  const keys = rows >= 12;
  const status = rows >= 9;
  // The name of the run, two bars and the tabs are always there, and below the page the line for what was asked.
  const top = 4 + Number(facts) + Number(rules);
  const below = 1 + Number(rules) + Number(status) + Number(keys);
  return {
    ...{ columns: size.columns, top, page: Math.max(0, rows - top - below) },
    ...{ facts, rules, keys, status },
  };
}
