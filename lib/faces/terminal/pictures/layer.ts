import type { Area } from './area.js';
import { type Encoded, encode, type Medium } from './encode.js';
import { kittyDelete } from './kitty.js';

/** Which picture a frame leaves room for, and where. */
export interface WantedPicture {
  /** WebP in base64. */
  image: string;
  area: Area;
}

/** More than a person goes to and fro between. */
const keptPictures = 16;

/**
 * The picture that lies over a screen of text. For each frame: `want` before it is written, `draw` behind it.
 * Nothing throws: a picture that can't be decoded is not drawn.
 */
export class PictureLayer {
  #room: () => WantedPicture | null;
  #onReady: () => void;
  /** Nothing is drawn before it is known. */
  #medium: Medium | null = null;
  #wanted: WantedPicture | null = null;
  /** What the terminal shows. */
  #drawn: { wanted: WantedPicture; encoded: Encoded } | null = null;
  /** The newest last; null while one is made, and where it can't be. */
  #encoded = new Map<string, Encoded | null>();
  /** To be written before anything else is drawn. */
  #erasing = '';

  /**
   * @param room what the next frame leaves room for
   * @param onReady called when the wanted picture can be drawn: the next frame shows it
   */
  constructor(room: () => WantedPicture | null, onReady: () => void) {
    this.#room = room;
    this.#onReady = onReady;
  }

  /** Says how the terminal shows pictures. */
  learn(medium: Medium): void {
    this.#medium = medium;
  }

  /** @returns rows, from 0, that the next frame has to write even if they are as before: a picture was there */
  want(): number[] {
    const medium = this.#medium;
    const wanted = medium && this.#room();
    this.#wanted = wanted;
    if (wanted) this.#prepare(wanted, medium);
    if (!this.#drawn || (wanted && keyOf(wanted) === keyOf(this.#drawn.wanted))) return [];
    const { row, rows } = this.#drawn.encoded.area;
    this.#forgetDrawn();
    return Array.from({ length: rows }, (_, index) => row + index);
  }

  /**
   * What to write behind a frame; often nothing.
   * @param written the rows, from 0, that the frame has written
   */
  draw(written: number[]): string {
    const erasing = this.#erasing;
    this.#erasing = '';
    const wanted = this.#wanted;
    const encoded = wanted && this.#encoded.get(keyOf(wanted));
    if (!encoded) return erasing;
    const { area, lines, again } = encoded;
    if (!this.#drawn) {
      this.#drawn = { wanted, encoded };
      return erasing + placed(lines, area);
    }
    const covered = written.some((row) => row >= area.row && row < area.row + area.rows);
    return covered ? placed(again, area) : '';
  }

  /** Forgets what is drawn and wanted. @returns what to write before the screen is cleared or given back */
  clear(): string {
    this.#wanted = null;
    this.#forgetDrawn();
    return this.draw([]);
  }

  /** Text goes over the others. */
  #forgetDrawn(): void {
    if (this.#drawn && this.#medium?.graphics === 'kitty') this.#erasing = kittyDelete();
    this.#drawn = null;
  }

  #prepare(wanted: WantedPicture, medium: Medium): void {
    const key = keyOf(wanted);
    const keep = (encoded: Encoded | null) => {
      this.#encoded.delete(key);
      this.#encoded.set(key, encoded);
      for (const oldest of [...this.#encoded.keys()].slice(0, -keptPictures)) {
        this.#encoded.delete(oldest);
      }
    };
    const kept = this.#encoded.get(key);
    keep(kept ?? null);
    if (kept !== undefined) return;
    void encode(Buffer.from(wanted.image, 'base64'), wanted.area, medium)
      .catch(() => null)
      .then((encoded) => {
        keep(encoded);
        if (encoded && this.#wanted && keyOf(this.#wanted) === key) this.#onReady();
      });
  }
}

function keyOf({ image, area: { row, column, columns, rows } }: WantedPicture): string {
  return `${row} ${column} ${columns} ${rows} ${image}`;
}

function placed(lines: string[], { row, column }: Area): string {
  return lines.map((line, index) => `\u001b[${row + index + 1};${column + 1}H${line}`).join('');
}
