/** Of a name in a message, in code units. */
const longest = 80;

/** A name out of a file that nobody vouches for, as a message may hold it: short, without control characters. */
export function shown(name: string): string {
  const cut = name.length > longest ? `${name.slice(0, longest - 1)}…` : name;
  // Terminals act on control characters, and text runs backwards after some of the invisible ones.
  return cut.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
