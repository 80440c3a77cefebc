/**
 * Typed parameters: libvirt's open-ended lists of (field, type, value) for statistics, jobs and migration options.
 *
 * 64-bit values are always bigint, so that a byte counter past 2^53 does not change its type at run time;
 * `TypedParams.number` converts where the value is exact and says so where it is not.
 */
import type { Codec } from "./codec.ts";
import { STRING_MAX } from "./codec.ts";
import { XdrError, type XdrReader, type XdrWriter } from "./xdr.ts";

/** One parameter to send or one received. `int`, `uint`: 32 bits; `llong`, `ullong`: 64 bits. */
export type TypedParam =
  | { readonly field: string; readonly type: "int" | "uint" | "double"; readonly value: number }
  | { readonly field: string; readonly type: "llong" | "ullong"; readonly value: bigint }
  | { readonly field: string; readonly type: "boolean"; readonly value: boolean }
  | { readonly field: string; readonly type: "string"; readonly value: string };

type TypeName = TypedParam["type"];

/** virTypedParameterType. */
const WIRE_TYPES = { int: 1, uint: 2, llong: 3, ullong: 4, double: 5, boolean: 6, string: 7 } as const;
const TYPE_NAMES = new Map<number, TypeName>(
  Object.entries(WIRE_TYPES).map(([name, type]) => [type, name as TypeName]),
);

/** The parameters of one reply, by field. A field that comes twice keeps its last value; iteration has them all. */
export class TypedParams implements Iterable<TypedParam> {
  readonly #list: readonly TypedParam[];
  readonly #byField: ReadonlyMap<string, TypedParam>;

  constructor(list: readonly TypedParam[]) {
    this.#list = list;
    this.#byField = new Map(list.map((param) => [param.field, param]));
  }

  get size(): number {
    return this.#list.length;
  }

  [Symbol.iterator](): Iterator<TypedParam> {
    return this.#list[Symbol.iterator]();
  }

  get(field: string): TypedParam | undefined {
    return this.#byField.get(field);
  }

  /** @throws RangeError when the value is no number or not exact as one. */
  number(field: string): number | undefined {
    const param = this.get(field);
    if (param === undefined) return undefined;
    if (typeof param.value === "number") return param.value;
    if (typeof param.value === "bigint" && Number.isSafeInteger(Number(param.value)))
      return Number(param.value);
    throw new RangeError(`${field} is no exact number: ${param.value}`);
  }

  /** @throws RangeError when the value is no integer. */
  bigint(field: string): bigint | undefined {
    const param = this.get(field);
    if (param === undefined) return undefined;
    if (typeof param.value === "bigint") return param.value;
    if (param.type !== "int" && param.type !== "uint") throw new RangeError(`${field} is no integer`);
    return BigInt(param.value);
  }

  /** @throws RangeError when the value is no string. */
  string(field: string): string | undefined {
    const param = this.get(field);
    if (param === undefined || param.type === "string") return param?.value;
    throw new RangeError(`${field} is no string`);
  }

  /** @throws RangeError when the value is no boolean. */
  boolean(field: string): boolean | undefined {
    const param = this.get(field);
    if (param === undefined || param.type === "boolean") return param?.value;
    throw new RangeError(`${field} is no boolean`);
  }
}

/** A list of at most `max` typed parameters. */
export const typedParams = (max: number): Codec<Iterable<TypedParam>, TypedParams> => ({
  write: (to, params) => to.list([...params], max, (param) => writeParam(to, param)),
  read: (from) => new TypedParams(from.list(max, () => readParam(from))),
});

function writeParam(to: XdrWriter, param: TypedParam): void {
  to.string(param.field, STRING_MAX);
  to.int(WIRE_TYPES[param.type]);
  switch (param.type) {
    case "int":
      to.int(param.value);
      break;
    case "uint":
      to.uint(param.value);
      break;
    case "llong":
      to.hyper(param.value);
      break;
    case "ullong":
      to.uhyper(param.value);
      break;
    case "double":
      to.double(param.value);
      break;
    case "boolean":
      to.int(param.value ? 1 : 0);
      break;
    case "string":
      to.string(param.value, STRING_MAX);
      break;
  }
}

function readParam(from: XdrReader): TypedParam {
  const field = from.string(STRING_MAX);
  const wireType = from.int();
  const type = TYPE_NAMES.get(wireType);
  switch (type) {
    case "int":
      return { field, type, value: from.int() };
    case "uint":
      return { field, type, value: from.uint() };
    case "llong":
      return { field, type, value: from.hyper() };
    case "ullong":
      return { field, type, value: from.uhyper() };
    case "double":
      return { field, type, value: from.double() };
    case "boolean":
      return { field, type, value: from.int() !== 0 };
    case "string":
      return { field, type, value: from.string(STRING_MAX) };
    case undefined:
      throw new XdrError(`typed parameter ${field} of unknown type ${wireType}`);
  }
}
