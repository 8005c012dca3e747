/** Each photo's label by its place among the classes: int32 [count]. */
export function labelsOf(
  photos: readonly { label: string }[],
  classes: readonly string[],
): Int32Array {
  return Int32Array.from(photos, ({ label }) => classes.indexOf(label));
}
