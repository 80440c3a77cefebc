import { assert } from "../../lib/assert.ts";

export type Value = string | number | true;

/** What a verb was given, already checked against its spec. */
export class Input {
  readonly args: readonly string[];
  readonly #given: ReadonlyMap<string, Value>;
  readonly #standard: ReadonlyMap<string, Value>;

  constructor(
    args: readonly string[],
    given: ReadonlyMap<string, Value>,
    standard: ReadonlyMap<string, Value>,
  ) {
    this.args = args;
    this.#given = given;
    this.#standard = standard;
  }

  /** Whether it was written, whatever it is without that. */
  given(name: string): boolean {
    return this.#given.has(name);
  }

  flag(name: string): boolean {
    return this.#given.get(name) === true;
  }

  text(name: string): string {
    const value = this.#value(name);
    assert(typeof value === "string", `${name} is a text that is given or has a standard`);
    return value;
  }

  whole(name: string): number {
    const value = this.#value(name);
    assert(typeof value === "number", `${name} is a number that is given or has a standard`);
    return value;
  }

  get json(): boolean {
    return this.#value("output") === "json";
  }

  #value(name: string): Value | undefined {
    return this.#given.get(name) ?? this.#standard.get(name);
  }
}
