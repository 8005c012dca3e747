import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** A protobuf message under construction. Fields are named by their numbers. */
export class Message {
  #writer = new BinaryWriter();

  int(field: number, value: number): this {
    this.#writer.tag(field, WireType.Varint).int64(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#writer.tag(field, WireType.Bit32).float(value);
    return this;
  }

  text(field: number, value: string): this {
    this.#writer.tag(field, WireType.LengthDelimited).string(value);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#writer.tag(field, WireType.LengthDelimited).bytes(value);
    return this;
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.finish());
  }

  /** Its bytes; it can't be added to afterwards. */
  finish(): Uint8Array {
    return this.#writer.finish();
  }
}
