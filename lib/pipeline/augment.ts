import type { Recipe } from '../model/recipe.js';
import type { Random } from '../random.js';

/** One photo's share of a batch's augmentation. */
export interface Augmentation {
  /** Left, top, width and height in pixels. */
  crop: [number, number, number, number];
  flip: 0 | 1;
  /** Factors of brightness, contrast and saturation; 1 leaves it as it is. */
  colour: [number, number, number];
}

const aspectRange: [number, number] = [3 / 4, 4 / 3];
const attempts = 10;

/**
 * Draws as torchvision's RandomResizedCrop, RandomHorizontalFlip and ColorJitter do, the whole photo when no crop
 * fits; the three changes of colour always in this order.
 */
export function drawAugmentation(recipe: Recipe, random: Random): Augmentation {
  const crop = drawCrop(recipe, random);
  const flip = random.next() < recipe.flip ? 1 : 0;
  const factor = () => 1 + recipe.colourJitter * (2 * random.next() - 1);
  return { crop, flip, colour: [factor(), factor(), factor()] };
}

function drawCrop({ cropScale, decodeSize: size }: Recipe, random: Random): Augmentation['crop'] {
  if (cropScale === 1) return [0, 0, size, size];
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const area = size * size * (cropScale + (1 - cropScale) * random.next());
    const [low, high] = aspectRange.map(Math.log) as [number, number];
    const aspect = Math.exp(low + (high - low) * random.next());
    const width = Math.round(Math.sqrt(area * aspect));
    const height = Math.round(Math.sqrt(area / aspect));
    if (width <= size && height <= size) {
      return [random.integer(size - width + 1), random.integer(size - height + 1), width, height];
    }
  }
  return [0, 0, size, size];
}
