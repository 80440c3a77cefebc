/**
 * Layouts as data: a codec writes and reads one XDR type, `struct` puts them together, and the TypeScript types
 * of a procedure's arguments and result follow from its layout. `In` is what a caller may give, `Out` what
 * comes back (a caller may leave out flags and optional strings; a reader always says).
 */
import { Buffer } from "node:buffer";
import { XdrError, XdrReader, type XdrWriter } from "./xdr.ts";

export interface Codec<In, Out = In> {
  write(to: XdrWriter, value: In): void;
  read(from: XdrReader): Out;
}

/** Named members in wire order. */
export type Layout = Readonly<Record<string, Codec<never, unknown>>>;

type InOf<C> = C extends Codec<infer In, unknown> ? In : never;
type OutOf<C> = C extends Codec<never, infer Out> ? Out : never;
type Omittable<L extends Layout> = { [K in keyof L]: undefined extends InOf<L[K]> ? K : never }[keyof L];

/** What a caller gives for a layout: members that have a default may be left out. */
export type Given<L extends Layout> = { readonly [K in Exclude<keyof L, Omittable<L>>]: InOf<L[K]> } & {
  readonly [K in Omittable<L>]?: InOf<L[K]>;
};

/** What reading a layout gives. */
export type Taken<L extends Layout> = { readonly [K in keyof L]: OutOf<L[K]> };

/** libvirt's limit for one string, in bytes. */
export const STRING_MAX = 4_194_304;

export const int: Codec<number> = {
  write: (to, value) => to.int(value),
  read: (from) => from.int(),
};

export const uint: Codec<number> = {
  write: (to, value) => to.uint(value),
  read: (from) => from.uint(),
};

/** A set of flag bits; none when left out. */
export const flags: Codec<number | undefined, number> = {
  write: (to, value) => to.uint(value ?? 0),
  read: (from) => from.uint(),
};

/** An unsigned 64-bit integer: always read as bigint; a number may be given where it is exact. */
export const uhyper: Codec<bigint | number, bigint> = {
  write: (to, value) => to.uhyper(value),
  read: (from) => from.uhyper(),
};

export const string: Codec<string> = {
  write: (to, value) => to.string(value, STRING_MAX),
  read: (from) => from.string(STRING_MAX),
};

/** A fixed array of `char`, which XDR sends as one int each; the text ends at the first NUL. */
export const characters = (length: number): Codec<string> => ({
  write: (to, value) => {
    const bytes = Buffer.from(value, "latin1");
    if (bytes.length >= length) throw new XdrError(`${bytes.length} characters where ${length - 1} fit`);
    for (let i = 0; i < length; i++) to.int(bytes[i] ?? 0);
  },
  read: (from) => {
    const bytes = Buffer.from(Array.from({ length }, () => from.int()));
    const end = bytes.indexOf(0);
    return bytes.toString("latin1", 0, end < 0 ? length : end);
  },
});

export const opaque = (max: number): Codec<Uint8Array> => ({
  write: (to, value) => to.opaque(value, max),
  read: (from) => from.opaque(max),
});

/** XDR's pointer: present or null. */
export const optional = <In, Out>(of: Codec<In, Out>): Codec<In | null | undefined, Out | null> => ({
  write: (to, value) => {
    const present = value !== null && value !== undefined;
    to.bool(present);
    if (present) of.write(to, value);
  },
  read: (from) => (from.bool() ? of.read(from) : null),
});

export const list = <In, Out>(of: Codec<In, Out>, max: number): Codec<readonly In[], readonly Out[]> => ({
  write: (to, values) => to.list(values, max, (value) => of.write(to, value)),
  read: (from) => from.list(max, () => of.read(from)),
});

/** The members of `layout`, one after the other. */
export function struct<const L extends Layout>(layout: L): Codec<Given<L>, Taken<L>> {
  const members = Object.entries(layout);
  return {
    write: (to, value) => {
      const given = value as Readonly<Record<string, never>>;
      for (const [name, codec] of members) codec.write(to, given[name] as never);
    },
    read: (from) => Object.fromEntries(members.map(([name, codec]) => [name, codec.read(from)])) as Taken<L>,
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const UUID_BYTES = 16;

/** 16 bytes, as the usual text: lower case, with dashes. */
export const uuid: Codec<string> = {
  write: (to, value) => {
    if (!UUID.test(value)) throw new XdrError(`not a UUID: ${value}`);
    to.fixedOpaque(Buffer.from(value.replaceAll("-", ""), "hex"), UUID_BYTES);
  },
  read: (from) => {
    const hex = from.fixedOpaque(UUID_BYTES).toString("hex");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  },
};

/** Reads one value that must be all of `bytes`. @throws XdrError */
export function decodeAll<Out>(codec: Codec<never, Out>, bytes: Buffer): Out {
  const reader = new XdrReader(bytes);
  const value = codec.read(reader);
  reader.end();
  return value;
}
