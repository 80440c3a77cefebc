import { describe, expect, test } from "vitest";
import type { Ping } from "../../../src/dnt/membership/messages.ts";
import { CborReader } from "../../../src/wire/cbor-reader.ts";
import { CborWriter } from "../../../src/wire/cbor-writer.ts";
import { type Fields, object, optional, union, type Variants } from "../../../src/wire/object.ts";
import { BOOLEAN, choice, integer, list, nullable, type Schema, text } from "../../../src/wire/schema.ts";
import { COUNTER, VM_SPEC } from "../../../src/wire/vocabulary.ts";

interface Point {
  readonly x: number;
  readonly label?: string;
  readonly colour: "red" | "green" | null;
}

type Figure =
  | { readonly kind: "dot"; readonly at: Point }
  | { readonly kind: "line"; readonly points: readonly Point[] };

const X = integer(-5, 5);
const LABEL = optional(text(3));
const COLOUR = nullable(choice("red", "green"));
const POINT = object<Point>("Point", { x: X, label: LABEL, colour: COLOUR });
const DOT = { about: "one point", fields: { at: POINT } };
const LINE = { about: "some points", fields: { points: list(POINT, 2, 1) } };
const FIGURE = union<Figure, "kind">("Figure", "kind", { dot: DOT, line: LINE });

function encoded<T>(schema: Schema<T>, value: T): Uint8Array {
  const writer = new CborWriter();
  writer.begin(1000);
  schema.write(writer, value);
  return writer.finish();
}

function decoded<T>(schema: Schema<T>, bytes: Uint8Array): T {
  const reader = new CborReader();
  reader.begin(bytes);
  return schema.read(reader);
}

describe("a schema", () => {
  test("reads what it writes", () => {
    const figures: Figure[] = [
      { kind: "dot", at: { x: -5, colour: null } },
      { kind: "line", points: [{ x: 5, label: "abc", colour: "red" }] },
    ];
    for (const figure of figures) expect(decoded(FIGURE, encoded(FIGURE, figure))).toEqual(figure);
  });

  test("leaves an absent field absent", () => {
    expect(Object.keys(decoded(POINT, encoded(POINT, { x: 1, colour: null })))).toEqual(["x", "colour"]);
  });

  test("refuses a list shorter or longer than it may be", () => {
    const point = { x: 1, colour: null };
    expect(() => encoded(FIGURE, { kind: "line", points: [] })).toThrow("points has 0 items, not 1 to 2");
    expect(() => encoded(FIGURE, { kind: "line", points: [point, point, point] })).toThrow("has 3 items");
  });

  test("tells a union's word before it reads it, and stands where it stood", () => {
    const bytes = encoded(FIGURE, { kind: "dot", at: { x: 1, colour: null } });
    const reader = new CborReader();
    reader.begin(bytes);
    expect(FIGURE.peek(reader)).toBe("dot");
    expect(FIGURE.read(reader)).toEqual({ kind: "dot", at: { x: 1, colour: null } });
  });
});

/** Each of these lines must be an error of the compiler: `check:types` fails when one no longer is. */
describe("a schema that is not its type's", () => {
  test("does not compile", () => {
    const claims = list(BOOLEAN, 1);
    const refused: readonly unknown[] = [
      // @ts-expect-error a field is missing
      { x: X, label: LABEL } satisfies Fields<Point>,
      // @ts-expect-error a field is too many
      { x: X, label: LABEL, colour: COLOUR, y: X } satisfies Fields<Point>,
      // @ts-expect-error an optional field is required here
      { x: X, label: text(3), colour: COLOUR } satisfies Fields<Point>,
      // @ts-expect-error a required field is optional here
      { x: optional(X), label: LABEL, colour: COLOUR } satisfies Fields<Point>,
      // @ts-expect-error a word is missing
      { x: X, label: LABEL, colour: nullable(choice("red")) } satisfies Fields<Point>,
      // @ts-expect-error a word is too many
      { x: X, label: LABEL, colour: nullable(choice("red", "green", "blue")) } satisfies Fields<Point>,
      // @ts-expect-error null is missing
      { x: X, label: LABEL, colour: choice("red", "green") } satisfies Fields<Point>,
      // @ts-expect-error a variant is missing
      { dot: DOT } satisfies Variants<Figure, "kind">,
      // @ts-expect-error a variant is too many
      { dot: DOT, line: LINE, circle: DOT } satisfies Variants<Figure, "kind">,
      // @ts-expect-error the fields are another variant's
      { dot: LINE, line: LINE } satisfies Variants<Figure, "kind">,
      // @ts-expect-error the items are of another type
      { sequence: COUNTER, claims } satisfies Fields<Omit<Ping, "type">>,
      // @ts-expect-error a whole is given for its part
      { x: VM_SPEC, label: LABEL, colour: COLOUR } satisfies Fields<Point>,
    ];
    expect(refused).toHaveLength(12);
  });
});
