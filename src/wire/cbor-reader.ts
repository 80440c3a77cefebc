/**
 * Reads what `CborWriter` writes and refuses the rest of CBOR: tags, byte strings, indefinite lengths, heads that
 * are longer than needed, `undefined`, floats of other sizes. A length is compared with what is left before
 * anything is made of it, so a reader never holds more than a small multiple of its input.
 */
import { FALSE, FLOAT64, isVisible, MAJOR, NULL, TRUE } from "./cbor-writer.ts";
import { Malformed, refuse } from "./malformed.ts";
import { RecentTexts } from "./recent-texts.ts";

const WORD = 2 ** 32;
const HIGHEST_UPPER_WORD = 0x1f_ffff;
const UTF8_BYTES_PER_UNIT = 3;
/** A byte order mark is a character like any other here. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class CborReader {
  #bytes: Uint8Array = new Uint8Array();
  #position = 0;
  readonly #texts = new RecentTexts();
  readonly #ids = new RecentTexts();
  /** The field that is being read, for failures. */
  field = "";

  begin(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#position = 0;
    this.field = "";
  }

  /** Lets go of the input. */
  end(): void {
    this.#bytes = new Uint8Array();
  }

  get position(): number {
    return this.#position;
  }

  /** Goes back to where it has been. */
  rewind(position: number): void {
    this.#position = position;
  }

  get left(): number {
    return this.#bytes.length - this.#position;
  }

  /** Steps over `encoded` if it comes next. */
  matches(encoded: Uint8Array): boolean {
    const { length } = encoded;
    const bytes = this.#bytes;
    const at = this.#position;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== encoded[i]) return false;
    this.#position = at + length;
    return true;
  }

  /** The next byte, without stepping over it. */
  peek(): number {
    const byte = this.#bytes[this.#position];
    return byte === undefined ? this.#truncated() : byte;
  }

  /** What comes next. */
  kind(): "integer" | "text" | "list" | "map" | "boolean" | "null" | "other" {
    const byte = this.peek();
    const major = byte >>> 5;
    if (major <= MAJOR.negative) return "integer";
    if (major === MAJOR.text) return "text";
    if (major === MAJOR.list) return "list";
    if (major === MAJOR.map) return "map";
    if (byte === TRUE || byte === FALSE) return "boolean";
    return byte === NULL ? "null" : "other";
  }

  integer(): number {
    const major = this.peek() >>> 5;
    if (major > MAJOR.negative) this.refuse("is not an integer");
    const argument = this.#argument();
    if (major === MAJOR.unsigned) return argument;
    if (argument === Number.MAX_SAFE_INTEGER) this.refuse("is beyond 2^53 - 1");
    return -1 - argument;
  }

  boolean(): boolean {
    const byte = this.peek();
    if (byte !== TRUE && byte !== FALSE) this.refuse("is neither true nor false");
    this.#position++;
    return byte === TRUE;
  }

  /** Steps over a null if it comes next. */
  isNull(): boolean {
    if (this.peek() !== NULL) return false;
    this.#position++;
    return true;
  }

  /** A finite number that is not an integer: those are written as integers. */
  float(): number {
    if (this.peek() !== FLOAT64) this.refuse("is not plain data");
    if (this.left < 9) this.#truncated();
    const { buffer, byteOffset } = this.#bytes;
    const value = new DataView(buffer, byteOffset + this.#position + 1).getFloat64(0);
    if (!Number.isFinite(value)) this.refuse("is not a finite number");
    if (Number.isSafeInteger(value)) this.refuse("is an integer written as a float");
    this.#position += 9;
    return value;
  }

  /** The number of items of a list, each of which takes a byte at least. */
  list(most: number): number {
    return this.#count(MAJOR.list, most, 1, "is not a list");
  }

  /** The number of entries of a map, each of which takes two bytes at least. */
  map(most: number): number {
    return this.#count(MAJOR.map, most, 2, "is not a map");
  }

  #count(major: number, most: number, leastBytes: number, otherwise: string): number {
    if (this.peek() >>> 5 !== major) this.refuse(otherwise);
    const count = this.#argument();
    if (count > most) this.refuse(`has ${count} items, more than ${most}`);
    if (count * leastBytes > this.left) this.#truncated();
    return count;
  }

  /** @param most characters. */
  text(most: number): string {
    const start = this.#openText(most);
    const end = this.#position;
    const text = this.#texts.find(this.#bytes, start, end) ?? this.#decode(this.#texts, start, end);
    if (text.length > most) this.refuse(`has more than ${most} characters`);
    return text;
  }

  /** Visible ASCII, not empty. */
  id(most: number): string {
    const start = this.#openText(most);
    const end = this.#position;
    const known = this.#ids.find(this.#bytes, start, end);
    if (known !== null && known !== "" && known.length <= most) return known;
    if (end - start > most || !isId(this.#bytes, start, end))
      this.refuse(`is no id: that is 1 to ${most} visible ASCII characters`);
    return this.#decode(this.#ids, start, end);
  }

  /** Steps over a text whose length is possible and returns where its bytes begin. */
  #openText(most: number): number {
    if (this.peek() >>> 5 !== MAJOR.text) this.refuse("is not a text");
    const length = this.#argument();
    if (length > most * UTF8_BYTES_PER_UNIT) this.refuse(`has ${length} bytes, more than ${most} characters`);
    if (length > this.left) this.#truncated();
    const start = this.#position;
    this.#position = start + length;
    return start;
  }

  #decode(recent: RecentTexts, start: number, end: number): string {
    let text: string;
    try {
      text = decoder.decode(this.#bytes.subarray(start, end));
    } catch {
      return this.refuse("is not UTF-8");
    }
    recent.remember(this.#bytes, start, end, text);
    return text;
  }

  /** Steps over one value of any kind. */
  skip(depth: number): void {
    const byte = this.peek();
    const major = byte >>> 5;
    if (major <= MAJOR.negative) this.#argument();
    else if (major === MAJOR.text) this.#skipText();
    else if (major === MAJOR.list || major === MAJOR.map) this.#skipNested(major, depth);
    else if (byte === FLOAT64) this.float();
    else if (byte === TRUE || byte === FALSE || byte === NULL) this.#position++;
    else this.refuse("is not plain data");
  }

  #skipText(): void {
    const length = this.#argument();
    if (length > this.left) this.#truncated();
    this.#position += length;
  }

  #skipNested(major: number, depth: number): void {
    if (depth <= 0) this.refuse("is nested too deeply");
    const each = major === MAJOR.map ? 2 : 1;
    const count = this.#argument() * each;
    if (count > this.left) this.#truncated();
    for (let i = 0; i < count; i++) this.skip(depth - 1);
  }

  /** Reads a head's argument; the head's kind was looked at before. */
  #argument(): number {
    const info = this.peek() & 31;
    this.#position++;
    if (info < 24) return info;
    if (info === 24) return this.#shortest(this.#unsigned(1), 24);
    if (info === 25) return this.#shortest(this.#unsigned(2), 0x100);
    if (info === 26) return this.#shortest(this.#unsigned(4), 0x1_0000);
    if (info > 27) this.refuse("has no definite length");
    const upper = this.#unsigned(4);
    if (upper > HIGHEST_UPPER_WORD) this.refuse("is beyond 2^53 - 1");
    return this.#shortest(upper * WORD + this.#unsigned(4), WORD);
  }

  #shortest(argument: number, least: number): number {
    if (argument < least) this.refuse("is not in its shortest form");
    return argument;
  }

  #unsigned(length: number): number {
    if (length > this.left) this.#truncated();
    let value = 0;
    for (let i = 0; i < length; i++) value = value * 256 + (this.#bytes[this.#position++] as number);
    return value;
  }

  #truncated(): never {
    return refuse(`it ends too early, at byte ${this.#bytes.length}`);
  }

  /** @throws Malformed naming the field and the place. */
  refuse(why: string): never {
    throw new Malformed(`${this.field === "" ? "it" : this.field} ${why} (byte ${this.#position})`);
  }
}

function isId(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!isVisible(bytes[i] as number)) return false;
  return end > start;
}
