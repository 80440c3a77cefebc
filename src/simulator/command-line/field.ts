/** What `-o json` prints, as data: for the reference page, and to tell such a document from another. */
export interface Field {
  /** Keys from the top, with dots between. */
  readonly path: string;
  readonly kind: "number" | "text" | "flag" | "list" | "map" | "summary";
  /** Besides its kind it may be null, or absent. */
  readonly or?: "null" | "absent";
  readonly unit?: string;
  readonly meaning: string;
  /** Of a map: what it has, all of them numbers. */
  readonly numbers?: readonly string[];
  /** Of a list: what each of its entries has. */
  readonly each?: { readonly [key: string]: "number" | "text" | "list" };
}

/** Of a sample; quantiles by nearest rank. */
export const SUMMARY = ["count", "mean", "sigma", "p50", "p90", "p99", "max"] as const;

/** @returns the first field that is not there or is something else; null: the value is such a document. */
export function misfitOf(value: unknown, fields: readonly Field[]): string | null {
  for (const field of fields) {
    const found = valueAt(value, field.path);
    if (found === undefined && field.or === "absent") continue;
    if (found === null && field.or === "null") continue;
    if (found === undefined) return `${field.path} is missing`;
    if (!isOf(field.kind, found)) return `${field.path} is no ${field.kind}`;
    const inside = misfitInside(found, field);
    if (inside !== null) return `${field.path} ${inside}`;
  }
  return null;
}

function misfitInside(found: unknown, { numbers = [], each = {} }: Field): string | null {
  const missing = numbers.find((key) => !isOf("number", valueAt(found, key)));
  if (missing !== undefined) return `has no number ${missing}`;
  const entries: readonly unknown[] = Array.isArray(found) ? found : [];
  for (const [key, kind] of Object.entries(each))
    if (entries.some((entry) => !isOf(kind, valueAt(entry, key))))
      return `has an entry without a ${kind} ${key}`;
  return null;
}

function valueAt(value: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((at, key) => (isMap(at) && Object.hasOwn(at, key) ? at[key] : undefined), value);
}

function isMap(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isOf(kind: Field["kind"], value: unknown): boolean {
  switch (kind) {
    case "number":
      return typeof value === "number";
    case "text":
      return typeof value === "string";
    case "flag":
      return typeof value === "boolean";
    case "list":
      return Array.isArray(value);
    case "map":
      return isMap(value);
    case "summary":
      return isMap(value) && SUMMARY.every((key) => typeof value[key] === "number");
  }
}
