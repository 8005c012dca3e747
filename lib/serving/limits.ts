/** What one server takes on, so that no client can make it hold more. */
export interface Limits {
  /** Bytes of a request's body. */
  requestBytes: number;
  /** Bytes of all bodies that are held at once. */
  heldBytes: number;
  /** Pixels of a photo, looked at before it is decoded. */
  photoPixels: number;
  /** Photos of one request. */
  requestPhotos: number;
  /** Photos that wait or are being answered. */
  queue: number;
  /** Photos that the network sees at once. */
  batch: number;
  /** From a request's last byte to its answer. */
  seconds: number;
}

/** A body of 32 MB holds some photos as they come from a camera; 50 million pixels are 150 MB when they are decoded. */
export const defaultLimits: Limits = {
  ...{ requestBytes: 32e6, heldBytes: 256e6, photoPixels: 50e6 },
  ...{ requestPhotos: 64, queue: 256, batch: 32, seconds: 30 },
};
