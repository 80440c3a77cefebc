/**
 * XDR (RFC 4506), the encoding of libvirt's RPC bodies: big-endian, everything padded to four bytes.
 *
 * The reader trusts nothing: each variable length has a limit given by the caller, and no read goes past
 * the end. Deviation from the RFC: `char`, `short` and `enum` have no readers of their own; they travel as int.
 */
import { Buffer } from "node:buffer";

/** The bytes are not what the procedure's layout says, or a value does not fit its field. */
export class XdrError extends Error {
  override readonly name = "XdrError";
}

const FIRST_CAPACITY = 256;
const padding = (length: number): number => (4 - (length % 4)) % 4;

/** Grows as it is written to; `bytes()` is what was written. */
export class XdrWriter {
  #buffer = Buffer.allocUnsafe(FIRST_CAPACITY);
  #length = 0;

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  int(value: number): void {
    if ((value | 0) !== value) throw new XdrError(`not a 32-bit integer: ${value}`);
    const at = this.#reserve(4);
    this.#buffer.writeInt32BE(value, at);
  }

  uint(value: number): void {
    if (value >>> 0 !== value) throw new XdrError(`not an unsigned 32-bit integer: ${value}`);
    const at = this.#reserve(4);
    this.#buffer.writeUInt32BE(value, at);
  }

  hyper(value: bigint | number): void {
    const exact = exactInteger(value);
    if (BigInt.asIntN(64, exact) !== exact) throw new XdrError(`not a 64-bit integer: ${value}`);
    const at = this.#reserve(8);
    this.#buffer.writeBigInt64BE(exact, at);
  }

  uhyper(value: bigint | number): void {
    const exact = exactInteger(value);
    if (BigInt.asUintN(64, exact) !== exact) throw new XdrError(`not an unsigned 64-bit integer: ${value}`);
    const at = this.#reserve(8);
    this.#buffer.writeBigUInt64BE(exact, at);
  }

  double(value: number): void {
    const at = this.#reserve(8);
    this.#buffer.writeDoubleBE(value, at);
  }

  bool(value: boolean): void {
    this.uint(value ? 1 : 0);
  }

  /** Bytes whose number the layout fixes. */
  fixedOpaque(value: Uint8Array, length: number): void {
    if (value.length !== length) throw new XdrError(`${value.length} bytes where ${length} belong`);
    const padded = length + padding(length);
    const at = this.#reserve(padded);
    this.#buffer.set(value, at);
    this.#buffer.fill(0, at + length, at + padded);
  }

  opaque(value: Uint8Array, max: number): void {
    if (value.length > max) throw new XdrError(`${value.length} bytes where at most ${max} may be`);
    this.uint(value.length);
    this.fixedOpaque(value, value.length);
  }

  /** UTF-8. A NUL would end the string early in the daemon's C, so it is refused. */
  string(value: string, max: number): void {
    if (value.includes("\0")) throw new XdrError("a string with a NUL inside");
    this.opaque(Buffer.from(value, "utf8"), max);
  }

  list<T>(values: readonly T[], max: number, write: (value: T) => void): void {
    if (values.length > max) throw new XdrError(`${values.length} elements where at most ${max} may be`);
    this.uint(values.length);
    for (const value of values) write(value);
  }

  #reserve(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#buffer.length) this.#grow(this.#length);
    return at;
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(larger);
    this.#buffer = larger;
  }
}

/** Reads from the front; every method throws `XdrError` rather than look past the end. */
export class XdrReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  int(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  uint(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  hyper(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8));
  }

  uhyper(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#take(8));
  }

  bool(): boolean {
    const value = this.uint();
    if (value > 1) throw new XdrError(`a boolean of ${value}`);
    return value === 1;
  }

  /** A copy: a small field must not keep a frame of 32 MiB alive. */
  fixedOpaque(length: number): Buffer {
    const at = this.#take(length);
    const value = Buffer.from(this.#bytes.subarray(at, at + length));
    this.#skipPadding(length);
    return value;
  }

  opaque(max: number): Buffer {
    return this.fixedOpaque(this.#count(max, "bytes"));
  }

  /** Bytes that are not UTF-8 become U+FFFD. */
  string(max: number): string {
    const length = this.#count(max, "bytes");
    const at = this.#take(length);
    const value = this.#bytes.toString("utf8", at, at + length);
    this.#skipPadding(length);
    return value;
  }

  list<T>(max: number, read: () => T): T[] {
    const count = this.#count(max, "elements");
    const values: T[] = [];
    while (values.length < count) values.push(read());
    return values;
  }

  /** @throws XdrError when bytes are left: the layout was not the one that was read. */
  end(): void {
    const left = this.#bytes.length - this.#offset;
    if (left > 0) throw new XdrError(`${left} bytes left over`);
  }

  #count(max: number, what: string): number {
    const count = this.uint();
    if (count > max) throw new XdrError(`${count} ${what} where at most ${max} may be`);
    return count;
  }

  #skipPadding(length: number): void {
    const size = padding(length);
    const at = this.#take(size);
    for (let i = at; i < at + size; i++) {
      if (this.#bytes[i] !== 0) throw new XdrError("padding that is not zero");
    }
  }

  #take(size: number): number {
    const at = this.#offset;
    if (size > this.#bytes.length - at) {
      throw new XdrError(`${size} bytes wanted, ${this.#bytes.length - at} there`);
    }
    this.#offset = at + size;
    return at;
  }
}

/** A number stands for a 64-bit integer only where it is exact. */
function exactInteger(value: bigint | number): bigint {
  if (typeof value === "bigint") return value;
  if (!Number.isSafeInteger(value)) throw new XdrError(`not an exact integer: ${value}`);
  return BigInt(value);
}
