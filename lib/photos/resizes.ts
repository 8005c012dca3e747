/** How a photo becomes a square, in the words of a model that wants it so. */
export const resizes = {
  /** As people see it: EXIF orientation and colour profile applied; by the kernel of libvips that is nearest to Pillow's. */
  own: 'whole photo to a square, bilinear, antialiased',
  /** As torchvision's `Resize` has it of PIL's image: neither is applied, and the resize is Pillow's, value for value. */
  pillow: 'whole photo to a square, bilinear, antialiased, as Pillow',
} as const;
export type Resize = (typeof resizes)[keyof typeof resizes];
