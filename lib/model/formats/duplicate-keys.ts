/**
 * Whether an object in JSON names a key twice, of which `JSON.parse` keeps the last and other readers the first.
 * @param json what `JSON.parse` has taken
 */
export function hasDuplicateKeys(json: string): boolean {
  /** Keys of each object that is open, and null for each array. */
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(null);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = endOfString(json, at);
      if (isKey(json, end)) {
        const keys = open[open.length - 1];
        const key: string = JSON.parse(json.slice(at, end));
        if (keys?.has(key)) return true;
        keys?.add(key);
      }
      at = end - 1;
    }
  }
  return false;
}

/** Behind the closing quote. */
function endOfString(json: string, start: number): number {
  for (let at = start + 1; ; at += 1) {
    if (json[at] === '\\') at += 1;
    else if (json[at] === '"') return at + 1;
  }
}

function isKey(json: string, end: number): boolean {
  let at = end;
  while (' \t\n\r'.includes(json[at] ?? '?')) at += 1;
  return json[at] === ':';
}
