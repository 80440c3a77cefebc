/** Arbitrary values of a schema, made from its shape: whatever it allows, and nothing else. */
import fc from "fast-check";
import type { Message } from "../../src/agent/messages.ts";
import { MESSAGE } from "../../src/wire/messages.ts";
import { FORBIDDEN_KEYS } from "../../src/wire/record.ts";
import type { FieldShape, Shape } from "../../src/wire/schema.ts";

/** Long lists and texts are rare and cost time; their bounds have tests of their own. */
const LONGEST = 5;

const VISIBLE = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));

export function arbitraryOf(shape: Shape): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case "text":
      return shape.form === "id"
        ? fc.string({ unit: VISIBLE, minLength: 1, maxLength: Math.min(shape.most, 60) })
        : unicode(shape.most);
    case "integer":
      return fc.oneof(
        fc.integer({ min: shape.least, max: Math.min(shape.most, 1000) }),
        fc.constantFrom(shape.least, shape.most),
        fc.maxSafeInteger().map((n) => shape.least + (Math.abs(n) % (shape.most - shape.least + 1))),
      );
    case "boolean":
      return fc.boolean();
    case "choice":
      return fc.constantFrom(...shape.words);
    case "nullable":
      return fc.option(arbitraryOf(shape.of));
    case "list":
      return fc.array(arbitraryOf(shape.of), {
        minLength: shape.least,
        maxLength: Math.max(shape.least, Math.min(shape.most, LONGEST)),
      });
    case "record":
      return recordOf(unicode(shape.longestKey), arbitraryOf(shape.of));
    case "object":
      return shape.name === "Result" ? resultOf(shape.fields) : objectOf(shape.fields, {});
    case "union":
      return fc.oneof(
        ...shape.variants.map(({ word, fields }) => objectOf(fields, { [shape.tag]: fc.constant(word) })),
      );
    case "data":
      return DATA;
  }
}

function unicode(most: number): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ maxLength: Math.min(most, 20) }),
    fc
      .string({ unit: "binary", maxLength: 20 })
      .filter((value) => value.length <= most && value.isWellFormed()),
  );
}

function recordOf<T>(key: fc.Arbitrary<string>, value: fc.Arbitrary<T>): fc.Arbitrary<{ [key: string]: T }> {
  const allowed = key.filter((word) => !FORBIDDEN_KEYS.has(word));
  return fc
    .uniqueArray(fc.tuple(allowed, value), { maxLength: LONGEST, selector: ([word]) => word })
    .map(Object.fromEntries);
}

function objectOf(
  fields: readonly FieldShape[],
  tag: { [name: string]: fc.Arbitrary<unknown> },
): fc.Arbitrary<unknown> {
  const model = Object.fromEntries(fields.map(({ name, shape }) => [name, arbitraryOf(shape)]));
  const requiredKeys = [
    ...Object.keys(tag),
    ...fields.filter(({ optional }) => !optional).map(({ name }) => name),
  ];
  return fc.record({ ...tag, ...model }, { requiredKeys, noNullPrototype: true });
}

/** Which of the two parts is there depends on `ok`, which the shape does not say. */
function resultOf(fields: readonly FieldShape[]): fc.Arbitrary<unknown> {
  const part = (name: string) => arbitraryOf(fields.find((field) => field.name === name)!.shape);
  return fc.oneof(
    fc.record({ ok: fc.constant(true), value: part("value") }, { noNullPrototype: true }),
    fc.record({ ok: fc.constant(false), failure: part("failure") }, { noNullPrototype: true }),
  );
}

const NUMBER = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n)),
);

const DATA = fc.letrec((tie) => ({
  data: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    fc.constant(null),
    fc.boolean(),
    NUMBER,
    unicode(100),
    fc.array(tie("data"), { maxLength: LONGEST }),
    recordOf(unicode(20), tie("data")),
  ),
})).data;

/** Every type of message comes equally often. */
export const ANY_MESSAGE = arbitraryOf(MESSAGE.shape) as fc.Arbitrary<Message>;
