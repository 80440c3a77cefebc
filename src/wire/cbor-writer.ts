/**
 * Writes the part of CBOR (RFC 8949) that the wire format uses: integers within ±2^53, texts, lists and maps of
 * definite length, booleans, null, 64-bit floats; every head in its shortest form.
 */
import { Malformed, refuse } from "./malformed.ts";

const SMALLEST_BUFFER = 4096;
/** Texts up to here are written character by character, hoping for ASCII. */
const SHORT_TEXT = 255;
const WORD = 2 ** 32;
const SPACE = 0x20;
const DELETE = 0x7f;
const encoder = new TextEncoder();

export const MAJOR = {
  unsigned: 0,
  negative: 1,
  bytes: 2,
  text: 3,
  list: 4,
  map: 5,
  tag: 6,
  simple: 7,
} as const;
export const FALSE = 0xf4;
export const TRUE = 0xf5;
export const NULL = 0xf6;
export const FLOAT64 = 0xfb;

export class CborWriter {
  #bytes = new Uint8Array(SMALLEST_BUFFER);
  #position = 0;
  #limit = SMALLEST_BUFFER;
  /** The field that is being written, for failures. */
  field = "";

  /** Starts a message of at most `limit` bytes. */
  begin(limit: number): void {
    this.#position = 0;
    this.#limit = limit;
    this.field = "";
  }

  /** A copy of what was written since `begin`. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#position);
  }

  #head(major: number, argument: number): void {
    const at = this.#take(headLength(argument));
    writeHead(this.#bytes, at, major, argument);
  }

  list(count: number): void {
    this.#head(MAJOR.list, count);
  }

  map(count: number): void {
    this.#head(MAJOR.map, count);
  }

  /** @param value a safe integer. */
  integer(value: number): void {
    if (value < 0) this.#head(MAJOR.negative, -1 - value);
    else this.#head(MAJOR.unsigned, value);
  }

  /** One byte: a boolean or null. */
  simple(byte: number): void {
    const at = this.#take(1);
    this.#bytes[at] = byte;
  }

  float(value: number): void {
    const at = this.#take(9);
    this.#bytes[at] = FLOAT64;
    new DataView(this.#bytes.buffer).setFloat64(at + 1, value);
  }

  /** What was encoded before, such as a field's name. */
  raw(encoded: Uint8Array): void {
    const { length } = encoded;
    const at = this.#take(length);
    for (let i = 0; i < length; i++) this.#bytes[at + i] = encoded[i] as number;
  }

  text(value: string): void {
    if (value.length > SHORT_TEXT || !this.#ascii(value, 0)) this.#unicode(value);
  }

  /** Visible ASCII, not empty. */
  id(value: string, most: number): void {
    if (
      typeof value !== "string" ||
      value.length === 0 ||
      value.length > most ||
      !this.#ascii(value, SPACE + 1)
    )
      refuse(`${this.field} is no id: that is 1 to ${most} visible ASCII characters`);
  }

  /** Leaves everything as it was when a character is below `least` or not ASCII. */
  #ascii(value: string, least: number): boolean {
    const { length } = value;
    const before = this.#position;
    const start = this.#take(headLength(length) + length) + headLength(length);
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code < least || code >= DELETE) {
        this.#position = before;
        return false;
      }
      bytes[start + i] = code;
    }
    writeHead(bytes, before, MAJOR.text, length);
    return true;
  }

  #unicode(value: string): void {
    if (!value.isWellFormed()) refuse(`${this.field} is not well-formed Unicode`);
    const encoded = encoder.encode(value);
    this.#head(MAJOR.text, encoded.length);
    this.#bytes.set(encoded, this.#take(encoded.length));
  }

  /** Claims `count` bytes and returns where they begin. */
  #take(count: number): number {
    const at = this.#position;
    const end = at + count;
    if (end > this.#bytes.length) this.#grow(end);
    if (end > this.#limit) throw new Malformed(`it is larger than ${this.#limit} bytes`);
    this.#position = end;
    return at;
  }

  #grow(end: number): void {
    if (end > this.#limit) refuse(`it is larger than ${this.#limit} bytes`);
    const grown = new Uint8Array(Math.min(this.#limit, Math.max(end, 2 * this.#bytes.length)));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

function headLength(argument: number): number {
  if (argument < 24) return 1;
  if (argument < 0x100) return 2;
  if (argument < 0x1_0000) return 3;
  return argument < WORD ? 5 : 9;
}

function writeHead(bytes: Uint8Array, at: number, major: number, argument: number): void {
  const kind = major << 5;
  if (argument < 24) {
    bytes[at] = kind | argument;
  } else if (argument < 0x100) {
    bytes[at] = kind | 24;
    bytes[at + 1] = argument;
  } else if (argument < 0x1_0000) {
    bytes[at] = kind | 25;
    bytes[at + 1] = argument >>> 8;
    bytes[at + 2] = argument;
  } else if (argument < WORD) {
    bytes[at] = kind | 26;
    writeWord(bytes, at + 1, argument);
  } else {
    bytes[at] = kind | 27;
    writeWord(bytes, at + 1, Math.floor(argument / WORD));
    writeWord(bytes, at + 5, argument % WORD);
  }
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

/** Whether an ASCII code stands for something that can be seen: ids consist of these. */
export function isVisible(code: number): boolean {
  return code > SPACE && code < DELETE;
}

/** A text as CBOR, for names that are written again and again. */
export function encodedText(value: string): Uint8Array {
  const writer = new CborWriter();
  writer.begin(SMALLEST_BUFFER);
  writer.text(value);
  return writer.finish();
}
