// Which files lead to which: a file leads to each that it names, by a path from its own folder or from the root.
// That is how modules import, workers and commands are started, and addons and fixtures are opened.

/** What may be a path: dots, a slash, or the name of a file. */
const names = /(['"`])((?:\.{1,2}\/)*[\w@.[\]-]+(?:\/[\w@.[\]-]+)*\/?)\1/g;

/** The parts of a path, without `.` and `..`; null where it leaves the root. */
function resolved(...parts) {
  const kept = [];
  for (const part of parts.join('/').split('/')) {
    if (part === '..' && kept.pop() === undefined) return null;
    if (part !== '..' && part !== '.' && part !== '') kept.push(part);
  }
  return kept.join('/');
}

/** The files that `text`, the content of `file`, names. A folder stands for all in it, if it is named from the root. */
function* namedBy(file, text, known) {
  const folder = file.split('/').slice(0, -1).join('/');
  for (const [, , name] of text.matchAll(names)) {
    if (!/[./]/.test(name)) continue;
    const [beside, fromRoot] = [resolved(folder, name), resolved(name)];
    if (beside && known.has(beside)) yield beside;
    if (!fromRoot || name.startsWith('..')) continue;
    if (known.has(fromRoot)) yield fromRoot;
    else if (name.includes('/'))
      for (const each of known) if (each.startsWith(`${fromRoot}/`)) yield each;
  }
}

/**
 * The files among `starts` that lead to one of `changed`, each with the way there.
 * @param contents of all files, by their paths from the root; null for one that is of interest by its name alone
 * @returns the shortest ways: a start, what it names, what that names …, the changed file
 */
export function waysTo(changed, starts, contents) {
  const known = new Set([...contents.keys(), ...changed]);
  const named = new Map();
  const namesOf = (file) => {
    const text = contents.get(file);
    if (!named.has(file)) named.set(file, text ? new Set(namedBy(file, text, known)) : new Set());
    return named.get(file);
  };
  return starts.map((start) => wayFrom(start, new Set(changed), namesOf)).filter(Boolean);
}

/** Breadth first. */
function wayFrom(start, goals, namesOf) {
  const before = new Map([[start, null]]);
  for (const file of before.keys()) {
    if (goals.has(file)) {
      const way = [];
      for (let each = file; each !== null; each = before.get(each)) way.unshift(each);
      return way;
    }
    for (const next of namesOf(file)) if (!before.has(next)) before.set(next, file);
  }
  return null;
}
