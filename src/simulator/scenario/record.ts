/** A scenario's story as it was recorded, and as it is. */
import { join } from "node:path";
import { writeText } from "../command-line/files.ts";
import type { ScenarioRun } from "./run.ts";

export interface Difference {
  /** From 1; 0: nothing has been recorded. */
  readonly line: number;
  /** null: the end. */
  readonly was: string | null;
  readonly is: string | null;
}

export function differenceOf(expected: string | null, log: string): Difference | null {
  if (expected === log) return null;
  if (expected === null) return { line: 0, was: null, is: null };
  const before = expected.split("\n");
  const now = log.split("\n");
  const at = now.findIndex((line, index) => line !== before[index]);
  const index = at < 0 ? now.length : at;
  return { line: index + 1, was: before[index] ?? null, is: now[index] ?? null };
}

/** Only a story that is right is worth being kept. @returns whether it was. */
export function record(folder: string, { violations, missed, log }: ScenarioRun): boolean {
  if (violations.length > 0 || missed.length > 0) return false;
  writeText(join(folder, "expected.log"), log);
  return true;
}
