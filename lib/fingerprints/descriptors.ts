/** uint32 words of a descriptor: 256 bits. */
export const descriptorWords = 8;

/**
 * Bits in which two descriptors differ, 0…256, the second one as its picture's mirror image has it or not.
 * @param most beyond which they need not be counted
 */
export function distance(
  a: Uint32Array,
  aOffset: number,
  b: Uint32Array,
  bOffset: number,
  mirrored: boolean,
  most = 32 * descriptorWords,
): number {
  const swap = mirrored ? descriptorWords / 2 : 0;
  let bits = 0;
  for (let word = 0; word < descriptorWords && bits <= most; word += 1) {
    bits += ones((a[aOffset + word] as number) ^ (b[bOffset + (word ^ swap)] as number));
  }
  return bits;
}

/** Bits that are set in 32. */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
