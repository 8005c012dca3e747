/** What happens to photos that stand in several splits. */
export const policies = ['quarantine', 'fail', 'allow'] as const;
export type Policy = (typeof policies)[number];

/** What validates: a part of train, or the photos that the catalog has as val. */
export const validations = ['split', 'catalog'] as const;

/** How the photos of a training are chosen. */
export interface Selection {
  policy: Policy;
  validation: (typeof validations)[number];
  /** Share of train that validates. */
  valFraction: number;
}
