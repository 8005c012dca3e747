/** How a species looks; lengths are in units of the body's length, colours in degrees and per cent. */
export interface Species {
  label: string;
  /** Body height. */
  height: [low: number, high: number];
  /** Heights of the back and the belly at even steps from nose to tail root, 0…1 of half the body height. */
  back: number[];
  belly: number[];
  hue: [number, number];
  saturation: [number, number];
  /** Of the back; the belly is lighter by `countershading`. */
  lightness: [number, number];
  countershading: number;
  tail: { shape: 'forked' | 'rounded' | 'veil' | 'square'; length: number; spread: number };
  /** Fins along the back and the belly, from nose 0 to tail root 1. */
  dorsal: { from: number; to: number; height: number }[];
  anal: { from: number; to: number; height: number }[];
  barbels: number;
  markings: 'plain' | 'scales' | 'stripes' | 'blotches' | 'chevrons';
}

export const species: readonly Species[] = [
  {
    label: 'Catfish',
    height: [0.2, 0.26],
    back: [0.35, 0.85, 1, 0.95, 0.8, 0.62, 0.45, 0.3],
    belly: [0.35, 0.9, 1, 0.9, 0.7, 0.5, 0.38, 0.28],
    hue: [200, 250],
    saturation: [8, 22],
    lightness: [22, 38],
    countershading: 38,
    tail: { shape: 'forked', length: 0.2, spread: 0.16 },
    dorsal: [{ from: 0.3, to: 0.42, height: 0.16 }],
    anal: [{ from: 0.58, to: 0.9, height: 0.08 }],
    barbels: 4,
    markings: 'plain',
  },
  {
    label: 'Goldfish',
    height: [0.46, 0.58],
    back: [0.2, 0.62, 0.92, 1, 0.95, 0.75, 0.48, 0.25],
    belly: [0.2, 0.6, 0.9, 1, 0.95, 0.75, 0.45, 0.25],
    hue: [8, 44],
    saturation: [75, 100],
    lightness: [46, 60],
    countershading: 16,
    tail: { shape: 'veil', length: 0.46, spread: 0.34 },
    dorsal: [{ from: 0.34, to: 0.74, height: 0.2 }],
    anal: [{ from: 0.7, to: 0.86, height: 0.14 }],
    barbels: 0,
    markings: 'scales',
  },
  {
    label: 'Mudfish',
    height: [0.2, 0.25],
    back: [0.4, 0.8, 0.95, 1, 1, 0.95, 0.8, 0.6],
    belly: [0.4, 0.8, 0.95, 1, 1, 0.92, 0.75, 0.6],
    hue: [62, 96],
    saturation: [22, 42],
    lightness: [26, 40],
    countershading: 24,
    tail: { shape: 'rounded', length: 0.18, spread: 0.15 },
    dorsal: [{ from: 0.36, to: 0.94, height: 0.1 }],
    anal: [{ from: 0.62, to: 0.8, height: 0.08 }],
    barbels: 0,
    markings: 'blotches',
  },
  {
    label: 'Mullet',
    height: [0.22, 0.28],
    back: [0.3, 0.75, 0.95, 1, 0.95, 0.78, 0.55, 0.32],
    belly: [0.3, 0.78, 0.98, 1, 0.95, 0.75, 0.5, 0.32],
    hue: [190, 220],
    saturation: [6, 18],
    lightness: [58, 72],
    countershading: 22,
    tail: { shape: 'forked', length: 0.26, spread: 0.24 },
    dorsal: [
      { from: 0.36, to: 0.46, height: 0.15 },
      { from: 0.66, to: 0.76, height: 0.11 },
    ],
    anal: [{ from: 0.66, to: 0.78, height: 0.1 }],
    barbels: 0,
    markings: 'stripes',
  },
  {
    label: 'Snakehead',
    height: [0.15, 0.19],
    back: [0.45, 0.85, 0.95, 1, 0.98, 0.92, 0.8, 0.55],
    belly: [0.45, 0.85, 0.98, 1, 0.96, 0.88, 0.75, 0.55],
    hue: [24, 42],
    saturation: [30, 50],
    lightness: [30, 44],
    countershading: 26,
    tail: { shape: 'square', length: 0.15, spread: 0.12 },
    dorsal: [{ from: 0.3, to: 0.96, height: 0.09 }],
    anal: [{ from: 0.5, to: 0.95, height: 0.08 }],
    barbels: 0,
    markings: 'chevrons',
  },
];
