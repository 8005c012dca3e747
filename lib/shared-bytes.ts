/** More than what is left over of each, and less than anybody would miss. */
const blockBytes = 1 << 20;

/** Small byte strings in memory that threads share: none is copied for a thread, nor takes an allocation of its own. */
export class SharedBytes {
  #block = new SharedArrayBuffer(0);
  #used = 0;

  /** The same bytes in shared memory. */
  add(bytes: Uint8Array): Buffer {
    if (this.#used + bytes.length > this.#block.byteLength) {
      this.#block = new SharedArrayBuffer(Math.max(blockBytes, bytes.length));
      this.#used = 0;
    }
    const copy = Buffer.from(this.#block, this.#used, bytes.length);
    copy.set(bytes);
    this.#used += bytes.length;
    return copy;
  }
}
