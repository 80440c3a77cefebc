/**
 * Schemas that read and write CBOR in one pass: nothing is built that is not in the schema, and each length is
 * compared with its bound before its items are read. `shape` is the same as data; the reference page and the
 * tests' arbitrary messages are made from it.
 *
 * A schema is invariant in its type (its functions are properties, not methods): where a machine's type is
 * asked for, a field, a word or a variant too few or too many does not compile.
 */
import type { CborReader } from "./cbor-reader.ts";
import { type CborWriter, encodedText, FALSE, NULL, TRUE } from "./cbor-writer.ts";
import { refuse } from "./malformed.ts";

export interface Schema<T> {
  readonly shape: Shape;
  /** @throws Malformed when `value` is outside the bounds. */
  readonly write: (writer: CborWriter, value: T) => void;
  /** @throws Malformed */
  readonly read: (reader: CborReader) => T;
}

/** `name` and `note` are for people. */
export type Shape = { readonly name?: string; readonly note?: string } & (
  | { readonly kind: "text"; readonly most: number; readonly form: TextForm }
  | { readonly kind: "integer"; readonly least: number; readonly most: number }
  | { readonly kind: "boolean" }
  | { readonly kind: "choice"; readonly words: readonly string[] }
  | { readonly kind: "nullable"; readonly of: Shape }
  | { readonly kind: "list"; readonly of: Shape; readonly least: number; readonly most: number }
  | { readonly kind: "record"; readonly longestKey: number; readonly of: Shape; readonly most: number }
  | { readonly kind: "object"; readonly fields: readonly FieldShape[] }
  | { readonly kind: "union"; readonly tag: string; readonly variants: readonly VariantShape[] }
  | { readonly kind: "data" }
);

/** `id`: visible ASCII, not empty. `any`: any Unicode. `prose`: the same, cut by the sender when too long. */
export type TextForm = "id" | "any" | "prose";

export interface FieldShape {
  readonly name: string;
  readonly optional: boolean;
  readonly shape: Shape;
}

export interface VariantShape {
  readonly word: string;
  readonly about: string;
  readonly fields: readonly FieldShape[];
}

/** The same schema under a name. */
export function named<T>(name: string, schema: Schema<T>): Schema<T> {
  return { ...schema, shape: { ...schema.shape, name } };
}

/** The same schema with a sentence about what it means in this place. */
export function noted<T>(schema: Schema<T>, note: string): Schema<T> {
  return { ...schema, shape: { ...schema.shape, note } };
}

/** Visible ASCII without spaces, never empty. */
export function id(most: number): Schema<string> {
  return {
    shape: { kind: "text", most, form: "id" },
    write: (writer, value) => writer.id(value, most),
    read: (reader) => reader.id(most),
  };
}

/** Any well-formed Unicode. */
export function text(most: number): Schema<string> {
  return {
    shape: { kind: "text", most, form: "any" },
    write: (writer, value) => {
      if (typeof value !== "string" || value.length > most)
        refuse(`${writer.field} is no text of at most ${most} characters`);
      writer.text(value);
    },
    read: (reader) => reader.text(most),
  };
}

/** Words for people: a sender cuts what is too long instead of not sending it. */
export function prose(most: number): Schema<string> {
  return {
    shape: { kind: "text", most, form: "prose" },
    write: (writer, value) => writer.text(cut(String(value), most)),
    read: (reader) => reader.text(most),
  };
}

function cut(value: string, most: number): string {
  const short = value.length <= most ? value : `${value.slice(0, most - 1)}…`;
  return short.toWellFormed();
}

export function integer(least: number, most: number): Schema<number> {
  return {
    shape: { kind: "integer", least, most },
    write: (writer, value) => {
      if (!Number.isSafeInteger(value) || value < least || value > most)
        refuse(`${writer.field} is ${value}, not an integer from ${least} to ${most}`);
      writer.integer(value);
    },
    read: (reader) => {
      const value = reader.integer();
      if (value < least || value > most) reader.refuse(`is ${value}, not from ${least} to ${most}`);
      return value;
    },
  };
}

export const BOOLEAN: Schema<boolean> = {
  shape: { kind: "boolean" },
  write: (writer, value) => {
    if (typeof value !== "boolean") refuse(`${writer.field} is neither true nor false`);
    writer.simple(value ? TRUE : FALSE);
  },
  read: (reader) => reader.boolean(),
};

/** One of a few words. */
export function choice<const W extends string>(...words: readonly W[]): Schema<W> {
  const encoded = words.map((word) => ({ word, bytes: encodedText(word) }));
  const expected = words.join(", ");
  return {
    shape: { kind: "choice", words },
    write: (writer, value) => {
      for (const { word, bytes } of encoded) if (word === value) return writer.raw(bytes);
      refuse(`${writer.field} is ${value}, none of ${expected}`);
    },
    read: (reader) => {
      for (const { word, bytes } of encoded) if (reader.matches(bytes)) return word;
      return reader.refuse(`is none of ${expected}`);
    },
  };
}

export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  return {
    shape: { kind: "nullable", of: schema.shape },
    write: (writer, value) => (value === null ? writer.simple(NULL) : schema.write(writer, value)),
    read: (reader) => (reader.isNull() ? null : schema.read(reader)),
  };
}

/** @param least as many at least. */
export function list<T>(schema: Schema<T>, most: number, least = 0): Schema<readonly T[]> {
  return {
    shape: { kind: "list", of: schema.shape, least, most },
    write: (writer, values) => {
      const { length } = values;
      if (!(length >= least && length <= most))
        refuse(`${writer.field} has ${length} items, not ${least} to ${most}`);
      writer.list(length);
      for (let i = 0; i < length; i++) schema.write(writer, values[i] as T);
    },
    read: (reader) => {
      const count = reader.list(most);
      if (count < least) reader.refuse(`has ${count} items, fewer than ${least}`);
      const values: T[] = [];
      for (let i = 0; i < count; i++) values.push(schema.read(reader));
      return values;
    },
  };
}
