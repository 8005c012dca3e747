/** What a model told of the photos that it was evaluated on: what it tells later is held against it. */
export interface Reference {
  /** Photos by their confidence, in bins of equal width, as `reliabilityOf` makes them. */
  confidences: number[];
  /** Photos by the label that was told, in the order of the model's classes. */
  labels: number[];
}

/** Of the figures that stand beside a model, `metrics.json`; null where they are not what gillnet writes. */
export function referenceOf(body: Uint8Array, classes: string[]): Reference | null {
  try {
    const { reliability, confusion, classes: figures } = Object(JSON.parse(body.toString()));
    const known = figures.map(({ label }: { label: unknown }) => label);
    const confidences = reliability.map(({ count }: { count: unknown }) => count);
    const labels = classes.map((_, column) =>
      confusion.reduce((sum: number, row: number[]) => sum + (row[column] as number), 0),
    );
    const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;
    const isSame = classes.every((label, index) => known[index] === label);
    return isSame && [...confidences, ...labels].every(isCount) ? { confidences, labels } : null;
  } catch {
    return null;
  }
}
