/**
 * Maps with known fields, and unions of them that a tag tells apart. The tag is written first and the fields in
 * the schema's order; they are read in any order. A field that is not known is checked for form and ignored,
 * so that later versions can add some; a variant that is not known is refused.
 */
import type { CborReader } from "./cbor-reader.ts";
import { type CborWriter, encodedText } from "./cbor-writer.ts";
import { COUNTS, DEPTH, LENGTHS } from "./limits.ts";
import { refuse } from "./malformed.ts";
import type { FieldShape, Schema } from "./schema.ts";

/** A field that may be absent. */
export interface Optional<T> {
  readonly optional: Schema<T>;
}

export function optional<T>(schema: Schema<T>): Optional<T> {
  return { optional: schema };
}

/** A schema for each field of T; `optional` where T has it optional, and only there. */
export type Fields<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K>
    ? Optional<Exclude<T[K], undefined>>
    : Schema<T[K]>;
};

/** One variant of a union: what it is about, and its fields without the tag. */
export interface Variant<T> {
  readonly about: string;
  readonly fields: Fields<T>;
}

/** A variant for each word that the tag can be. */
export type Variants<T, Tag extends keyof T> = {
  readonly [W in T[Tag] & string]: Variant<Omit<Extract<T, { readonly [_ in Tag]: W }>, Tag>>;
};

interface Plain {
  [key: string]: unknown;
}

interface Field {
  readonly name: string;
  readonly encoded: Uint8Array;
  readonly required: boolean;
  readonly schema: Schema<unknown>;
}

/** The fields of one map, ready to be written and read. */
interface Layout {
  readonly fields: readonly Field[];
  /** One bit for each required field, by its place. */
  readonly required: number;
  readonly allRequired: boolean;
}

/** One bit each must fit a small integer. */
const MOST_FIELDS = 30;
const MOST_ENTRIES = MOST_FIELDS + COUNTS.strangers;

function layoutOf(fields: { readonly [name: string]: Schema<unknown> | Optional<unknown> }): Layout {
  const all = Object.entries(fields).map(([name, given]) => ({
    name,
    encoded: encodedText(name),
    required: !("optional" in given),
    schema: "optional" in given ? given.optional : given,
  }));
  if (all.length > MOST_FIELDS) throw new RangeError(`more than ${MOST_FIELDS} fields`);
  const required = all.reduce((bits, field, i) => (field.required ? bits | (1 << i) : bits), 0);
  return { fields: all, required, allRequired: all.every((field) => field.required) };
}

export function object<T extends object>(name: string, fields: Fields<T>): Schema<T> {
  const layout = layoutOf(fields as Parameters<typeof layoutOf>[0]);
  return {
    shape: { kind: "object", name, fields: fieldShapes(layout) },
    write: (writer, value) => {
      writer.map(presentFields(layout, value as Plain));
      writeFields(layout, writer, value as Plain);
    },
    read: (reader) => readFields(layout, reader, reader.map(MOST_ENTRIES), {}, null) as T,
  };
}

interface PreparedVariant {
  readonly word: string;
  readonly about: string;
  /** The tag and its word. */
  readonly opening: Uint8Array;
  readonly layout: Layout;
}

/** A schema that can tell which variant comes, without reading it. */
export interface Union<T> extends Schema<T> {
  /** The tag's word; the reader then stands where it stood. */
  readonly peek: (reader: CborReader) => string;
}

export function union<T, Tag extends keyof T & string>(
  name: string,
  tag: Tag,
  variants: Variants<T, Tag>,
): Union<T> {
  const encodedTag = encodedText(tag);
  const known = new Map(prepare(tag, variants as { readonly [word: string]: Variant<object> }));
  return {
    shape: {
      kind: "union",
      name,
      tag,
      variants: [...known.values()].map(({ word, about, layout }) => ({
        word,
        about,
        fields: fieldShapes(layout),
      })),
    },
    write: (writer, value) => {
      const word = (value as Plain)[tag] as string;
      const variant = known.get(word) ?? refuse(`${writer.field} is of no known ${tag}: ${word}`);
      writer.map(1 + presentFields(variant.layout, value as Plain));
      writer.raw(variant.opening);
      writeFields(variant.layout, writer, value as Plain);
    },
    read: (reader) => {
      const count = reader.map(MOST_ENTRIES);
      const begin = reader.position;
      const first = findTag(reader, count, encodedTag, tag);
      const word = reader.text(LENGTHS.key);
      const variant = known.get(word) ?? reader.refuse(`is not known: ${JSON.stringify(word)}`);
      if (!first) reader.rewind(begin);
      const value = { [tag]: variant.word };
      const left = first ? count - 1 : count;
      return readFields(variant.layout, reader, left, value, { encoded: encodedTag, read: first }) as T;
    },
    peek: (reader) => {
      const begin = reader.position;
      findTag(reader, reader.map(MOST_ENTRIES), encodedTag, tag);
      const word = reader.text(LENGTHS.key);
      reader.rewind(begin);
      return word;
    },
  };
}

function prepare(
  tag: string,
  variants: { readonly [word: string]: Variant<object> },
): [string, PreparedVariant][] {
  return Object.entries(variants).map(([word, { about, fields }]) => {
    const opening = Uint8Array.of(...encodedText(tag), ...encodedText(word));
    return [word, { word, about, opening, layout: layoutOf(fields as Parameters<typeof layoutOf>[0]) }];
  });
}

function fieldShapes({ fields }: Layout): FieldShape[] {
  return fields.map(({ name, required, schema }) => ({ name, optional: !required, shape: schema.shape }));
}

function presentFields({ fields, allRequired }: Layout, value: Plain): number {
  if (allRequired) return fields.length;
  let present = 0;
  for (const { name } of fields) if (value[name] !== undefined) present++;
  return present;
}

function writeFields({ fields }: Layout, writer: CborWriter, value: Plain): void {
  for (const { name, encoded, required, schema } of fields) {
    const item = value[name];
    writer.field = name;
    if (item === undefined) {
      if (required) refuse(`${name} is missing`);
      continue;
    }
    writer.raw(encoded);
    schema.write(writer, item);
  }
}

/** Goes to the value of the tag; returns whether its key came first. */
function findTag(reader: CborReader, count: number, encodedTag: Uint8Array, tag: string): boolean {
  for (let i = 0; i < count; i++) {
    reader.field = tag;
    if (reader.matches(encodedTag)) return i === 0;
    reader.field = JSON.stringify(reader.text(LENGTHS.key));
    reader.skip(DEPTH);
  }
  reader.field = tag;
  return reader.refuse("is missing");
}

/** @param tag what is no field: its value is known by now, and if it was not read first, it comes once more. */
function readFields(layout: Layout, reader: CborReader, count: number, value: Plain, tag: Tag | null): Plain {
  const { fields, required } = layout;
  let seen = 0;
  let next = 0;
  let strangers: Strangers | null = null;
  for (let i = 0; i < count; i++) {
    const place = findField(fields, reader, next);
    if (place === -1) {
      strangers ??= new Strangers(tag);
      strangers.skip(reader);
      continue;
    }
    const field = fields[place] as Field;
    const bit = 1 << place;
    reader.field = field.name;
    if ((seen & bit) !== 0) reader.refuse("is there twice");
    seen |= bit;
    next = place + 1;
    value[field.name] = field.schema.read(reader);
  }
  if ((seen & required) !== required) refuseMissing(layout, reader, seen);
  return value;
}

/** The place of the field whose name comes next, or -1; the reader then stands before the name. */
function findField(fields: readonly Field[], reader: CborReader, expected: number): number {
  for (let i = expected; i < fields.length; i++) if (reader.matches((fields[i] as Field).encoded)) return i;
  for (let i = 0; i < expected; i++) if (reader.matches((fields[i] as Field).encoded)) return i;
  return -1;
}

function refuseMissing({ fields }: Layout, reader: CborReader, seen: number): never {
  const missing = fields.find(({ required }, i) => required && (seen & (1 << i)) === 0);
  reader.field = missing?.name ?? "";
  return reader.refuse("is missing");
}

interface Tag {
  readonly encoded: Uint8Array;
  readonly read: boolean;
}

/** What is between the fields: names that are not known, and the tag when it did not come first. Each once. */
class Strangers {
  readonly #names = new Set<string>();
  readonly #tag: Tag | null;
  #tagSeen: boolean;

  constructor(tag: Tag | null) {
    this.#tag = tag;
    this.#tagSeen = tag?.read ?? false;
  }

  skip(reader: CborReader): void {
    if (this.#tag !== null && reader.matches(this.#tag.encoded)) this.#tagAgain(reader);
    else this.#stranger(reader);
    reader.skip(DEPTH);
  }

  #tagAgain(reader: CborReader): void {
    if (this.#tagSeen) reader.refuse("has its tag twice");
    this.#tagSeen = true;
  }

  #stranger(reader: CborReader): void {
    const name = reader.text(LENGTHS.key);
    reader.field = JSON.stringify(name);
    if (this.#names.has(name)) reader.refuse("is there twice");
    if (this.#names.size >= COUNTS.strangers) reader.refuse("is one unknown field too many");
    this.#names.add(name);
  }
}
