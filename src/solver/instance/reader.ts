/** Reads a JSON value of unknown shape, and says the place of the first thing that is not as it should be. */

/** A fault in an instance: where, and what. */
export class InstanceFault extends Error {
  override readonly name = "InstanceFault";
  readonly place: string;

  constructor(place: string, what: string) {
    super(`${place}: ${what}`);
    this.place = place;
  }
}

export class Reader {
  readonly place: string;
  readonly #value: unknown;

  constructor(value: unknown, place: string) {
    this.#value = value;
    this.place = place;
  }

  /** The fields of an object, none of which may be unknown. */
  fields(known: readonly string[]): Fields {
    const value = this.#value;
    if (!isObject(value)) return this.fail("not an object");
    const stranger = Object.keys(value).find((key) => !known.includes(key));
    if (stranger !== undefined) return this.fail(`unknown field ${quote(stranger)}`);
    return new Fields(value, this.place);
  }

  list(): readonly Reader[] {
    if (!Array.isArray(this.#value)) return this.fail("not a list");
    return this.#value.map((item: unknown, i) => new Reader(item, `${this.place}[${i}]`));
  }

  /** Text that is not empty. */
  text(): string {
    if (typeof this.#value !== "string" || this.#value === "") return this.fail("not a text");
    return this.#value;
  }

  /** An id: a text, or a whole number written as one. */
  id(): string {
    return Number.isInteger(this.#value) ? String(this.#value) : this.text();
  }

  ids(): readonly string[] {
    return this.list().map((item) => item.id());
  }

  /** A whole number from `least` on, small enough that sums stay exact. */
  count(least = 0): number {
    const value = this.#value;
    if (typeof value !== "number" || !Number.isInteger(value)) return this.fail("not a whole number");
    if (value < least || value > LARGEST) return this.fail(`${value} is not from ${least} to ${LARGEST}`);
    return value;
  }

  flag(): boolean {
    return typeof this.#value === "boolean" ? this.#value : this.fail("neither true nor false");
  }

  oneOf<T extends string>(words: readonly T[]): T {
    const word = words.find((candidate) => candidate === this.#value);
    return word ?? this.fail(`not one of ${words.join(", ")}`);
  }

  /** Every field of an object, whatever its name. */
  entries(): readonly (readonly [string, Reader])[] {
    const value = this.#value;
    if (!isObject(value)) return this.fail("not an object");
    return Object.entries(value).map(([key, item]) => [key, new Reader(item, within(this.place, key))]);
  }

  get isObject(): boolean {
    return isObject(this.#value);
  }

  get isNull(): boolean {
    return this.is(null);
  }

  is(value: string | null): boolean {
    return this.#value === value;
  }

  fail(what: string): never {
    throw new InstanceFault(this.place, what);
  }
}

export class Fields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #place: string;

  constructor(fields: Readonly<Record<string, unknown>>, place: string) {
    this.#fields = fields;
    this.#place = place;
  }

  /** A field that must be there. */
  must(name: string): Reader {
    if (!this.has(name)) throw new InstanceFault(this.#place, `${quote(name)} is missing`);
    return this.#reader(name);
  }

  /** What `read` makes of the field, or `otherwise` when it is not there. */
  may<T, U>(name: string, read: (reader: Reader) => T, otherwise: U): T | U {
    return this.has(name) ? read(this.#reader(name)) : otherwise;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#fields, name);
  }

  #reader(name: string): Reader {
    return new Reader(this.#fields[name], within(this.#place, name));
  }
}

const LARGEST = 2 ** 33;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const within = (place: string, field: string): string => (place === "" ? field : `${place}.${field}`);

const quote = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
