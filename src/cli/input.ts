import { assert } from "../lib/assert.ts";
import type { Millis } from "../lib/instant.ts";

/** What a command was given, already checked against its spec. */
export class Input {
  readonly #args: ReadonlyMap<string, readonly string[]>;
  readonly #options: ReadonlyMap<string, string | number | true>;

  constructor(
    args: ReadonlyMap<string, readonly string[]>,
    options: ReadonlyMap<string, string | number | true>,
  ) {
    this.#args = args;
    this.#options = options;
  }

  arg(name: string): string {
    const [value] = this.args(name);
    assert(value !== undefined, `${name} is given`);
    return value;
  }

  args(name: string): readonly string[] {
    return this.#args.get(name) ?? [];
  }

  flag(name: string): boolean {
    return this.#options.get(name) === true;
  }

  text(name: string): string | undefined {
    const value = this.#options.get(name);
    return typeof value === "string" ? value : undefined;
  }

  /** A number, or a duration in milliseconds. */
  number(name: string): number | undefined {
    const value = this.#options.get(name);
    return typeof value === "number" ? value : undefined;
  }

  duration(name: string): Millis | undefined {
    return this.number(name);
  }
}
