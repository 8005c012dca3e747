/**
 * Places of keys in ascending order (counting sort); equal keys stay in the order they are given in.
 * @param keys each 0…keyCount − 1, read at the places that `order` holds
 * @param order places in an order to start from; as they stand without it
 */
export function sortedByKey(
  keys: Uint32Array | Uint16Array,
  keyCount: number,
  order?: Uint32Array,
): Uint32Array {
  const sorted = new Uint32Array(keys.length);
  const next = new Uint32Array(keyCount + 1);
  for (const key of keys) next[key + 1] = (next[key + 1] as number) + 1;
  for (let key = 0; key < keyCount; key += 1) {
    next[key + 1] = (next[key + 1] as number) + (next[key] as number);
  }
  for (let i = 0; i < keys.length; i += 1) {
    const place = order ? (order[i] as number) : i;
    const key = keys[place] as number;
    const at = next[key] as number;
    sorted[at] = place;
    next[key] = at + 1;
  }
  return sorted;
}
