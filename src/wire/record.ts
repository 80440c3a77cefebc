/** Maps whose keys are data: labels, and the data of answers. */
import type { CborReader } from "./cbor-reader.ts";
import { type CborWriter, FALSE, NULL, TRUE } from "./cbor-writer.ts";
import { COUNTS, DEPTH, LENGTHS } from "./limits.ts";
import { refuse } from "./malformed.ts";
import type { Schema } from "./schema.ts";

/** What an object of JavaScript has from birth: as keys they confuse whoever looks one up. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor"]);

export function record<T>(
  schema: Schema<T>,
  most: number,
  longestKey: number,
): Schema<{ readonly [key: string]: T }> {
  return {
    shape: { kind: "record", of: schema.shape, most, longestKey },
    write: (writer, value) => {
      const keys = Object.keys(value);
      if (keys.length > most) refuse(`${writer.field} has ${keys.length} entries, more than ${most}`);
      writer.map(keys.length);
      for (const key of keys) {
        writeKey(writer, key, longestKey);
        schema.write(writer, value[key] as T);
      }
    },
    read: (reader) => readEntries(reader, most, longestKey, () => schema.read(reader)),
  };
}

function writeKey(writer: CborWriter, key: string, longest: number): void {
  if (key.length > longest || FORBIDDEN_KEYS.has(key))
    refuse(`${writer.field} has the key ${key.slice(0, 64)}`);
  writer.text(key);
}

function readEntries<T>(
  reader: CborReader,
  most: number,
  longestKey: number,
  value: () => T,
): { [key: string]: T } {
  const count = reader.map(most);
  const entries: { [key: string]: T } = {};
  for (let i = 0; i < count; i++) {
    const key = reader.text(longestKey);
    if (FORBIDDEN_KEYS.has(key)) reader.refuse(`has the key ${key}`);
    if (Object.hasOwn(entries, key)) reader.refuse("has a key twice");
    entries[key] = value();
  }
  return entries;
}

/** Plain data of any form, as JSON has it: nested at most `DEPTH` deep, `COUNTS.dataValues` values in all. */
export const DATA: Schema<unknown> = {
  shape: { kind: "data" },
  write: (writer, value) => writeData({ writer, left: COUNTS.dataValues }, value, DEPTH),
  read: (reader) => readData({ reader, left: COUNTS.dataValues }, DEPTH),
};

interface Writing {
  readonly writer: CborWriter;
  left: number;
}

function writeData(state: Writing, value: unknown, depth: number): void {
  const { writer } = state;
  if (--state.left < 0) refuse(`${writer.field} has more than ${COUNTS.dataValues} values`);
  if (value === null) return writer.simple(NULL);
  if (typeof value === "boolean") return writer.simple(value ? TRUE : FALSE);
  if (typeof value === "string") return writer.text(value);
  if (typeof value === "number") return writeNumber(writer, value);
  if (typeof value !== "object") refuse(`${writer.field} has a ${typeof value}, which is not plain data`);
  if (depth <= 0) refuse(`${writer.field} is nested too deeply`);
  if (Array.isArray(value)) return writeItems(state, value, depth);
  writeEntries(state, value, depth);
}

function writeNumber(writer: CborWriter, value: number): void {
  if (Number.isSafeInteger(value)) return writer.integer(value);
  if (!Number.isFinite(value)) refuse(`${writer.field} has a number that is not finite`);
  writer.float(value);
}

function writeItems(state: Writing, items: readonly unknown[], depth: number): void {
  state.writer.list(items.length);
  for (const item of items) writeData(state, item, depth - 1);
}

/** Like JSON, it leaves out what is undefined. */
function writeEntries(state: Writing, value: object, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    refuse(`${state.writer.field} has an object of a class`);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  state.writer.map(entries.length);
  for (const [key, item] of entries) {
    writeKey(state.writer, key, LENGTHS.dataKey);
    writeData(state, item, depth - 1);
  }
}

interface Reading {
  readonly reader: CborReader;
  left: number;
}

function readData(state: Reading, depth: number): unknown {
  const { reader } = state;
  if (--state.left < 0) reader.refuse(`has more than ${COUNTS.dataValues} values`);
  switch (reader.kind()) {
    case "null":
      reader.isNull();
      return null;
    case "boolean":
      return reader.boolean();
    case "integer":
      return reader.integer();
    case "text":
      return reader.text(reader.left);
    case "list":
      return readItems(state, depth);
    case "map":
      if (depth <= 0) reader.refuse("is nested too deeply");
      return readEntries(reader, state.left, LENGTHS.dataKey, () => readData(state, depth - 1));
    default:
      return reader.float();
  }
}

function readItems(state: Reading, depth: number): unknown[] {
  if (depth <= 0) state.reader.refuse("is nested too deeply");
  const count = state.reader.list(state.left);
  const items: unknown[] = [];
  for (let i = 0; i < count; i++) items.push(readData(state, depth - 1));
  return items;
}
