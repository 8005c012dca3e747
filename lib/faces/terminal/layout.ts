/** Which rows a terminal of this height has room for; the page gets what is left. */
export interface Layout {
  columns: number;
  /** Rows of the page. */
  page: number;
  facts: boolean;
  rules: boolean;
  keys: boolean;
  status: boolean;
}

/** @param size of the terminal */
export function layoutOf(size: { columns: number; rows: number }): Layout {
  const { rows } = size;
  const rules = rows >= 22;
  const facts = rows >= 18;
  const keys = rows >= 12;
  const status = rows >= 9;
  // The name of the run, two bars, the tabs and the line for what was asked are always there.
  const others = 5 + (rules ? 2 : 0) + [facts, keys, status].filter(Boolean).length;
  return {
    ...{ columns: size.columns, page: Math.max(0, rows - others) },
    ...{ facts, rules, keys, status },
  };
}
