/** Verbs as data: parsing, help and the reference page read the same table. */
import type { Input } from "./input.ts";

export interface VerbSpec {
  readonly name: string;
  readonly summary: string;
  readonly args: readonly ArgSpec[];
  readonly options: readonly OptionSpec[];
  readonly exits: readonly (readonly [code: number, meaning: string])[];
  readonly examples: readonly string[];
  /** Loaded when it is asked for. */
  readonly load: () => Promise<{ readonly main: Handler }>;
}

/** @returns the exit code. */
export type Handler = (input: Input) => number | Promise<number>;

/** Words without an option, at least one of them. */
export interface ArgSpec {
  readonly name: string;
  readonly summary: string;
}

export interface OptionSpec {
  readonly name: string;
  readonly short?: string;
  readonly summary: string;
  /** Absent: a flag. */
  readonly value?: ValueSpec;
  readonly required?: boolean;
  /** What it is when it is not given. */
  readonly standard?: string | number;
}

export type ValueSpec =
  | { readonly kind: "text"; readonly name: string }
  | { readonly kind: "whole"; readonly name: string; readonly least: number; readonly most: number }
  | { readonly kind: "choice"; readonly name: string; readonly of: readonly string[] };
