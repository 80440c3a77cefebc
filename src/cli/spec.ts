/** Commands as data: parsing, help, completion and the reference page all read the same table. */
import type { Context } from "./context.ts";
import type { Input } from "./input.ts";
import type { OutputFormat } from "./output/format.ts";

export interface CommandSpec {
  /** `["host", "list"]`; one word for the verbs without a noun. */
  readonly words: readonly string[];
  readonly summary: string;
  readonly args: readonly ArgSpec[];
  readonly options: readonly OptionSpec[];
  readonly examples: readonly string[];
  /** What some exit codes mean here. */
  readonly exits?: readonly (readonly [code: number, meaning: string])[];
  /** What `-o` takes here, the standard first; absent: everything. */
  readonly outputs?: readonly [OutputFormat, ...OutputFormat[]];
  /** Loaded when it is run: a client that starts slowly is not used. */
  readonly load: () => Promise<Handler>;
}

/** @returns the exit code. */
export type Handler = (context: Context, input: Input) => Promise<number>;

export interface ArgSpec {
  readonly name: string;
  readonly summary: string;
  /** Whether it takes all words that are left. */
  readonly many?: boolean;
  readonly optional?: boolean;
  /** What completes it. */
  readonly of?: "host" | "vm" | "ve" | "op" | "file" | readonly string[];
}

export interface OptionSpec {
  readonly name: string;
  readonly short?: string;
  readonly summary: string;
  /** Absent: a flag without a value. */
  readonly value?: {
    readonly name: string;
    readonly kind: "text" | "duration" | "number";
    readonly choices?: readonly string[];
    readonly of?: ArgSpec["of"];
  };
}
