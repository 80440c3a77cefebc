/** What a plot's caption says of the runs that are in it, and of those that are not. */
import { membershipOf } from "../evaluation/options.ts";
import { type Run, sayNumbers } from "./runs.ts";

export const handled = ({ report }: Run): number => report.violations.handled.count;

/** Of which runs, and how their agents know of one another. */
export function sayShown(runs: readonly Run[]): string {
  if (runs.length === 0) return "";
  const kinds = Map.groupBy(runs, ({ report: { options } }) => membershipOf(options));
  const memberships = [...kinds].map(([kind, of]) =>
    kinds.size === 1 ? kind : `${kind} (${sayNumbers(of)})`,
  );
  return `Shown: ${sayNumbers(runs)}. Membership: ${memberships.join(", ")}.`;
}

interface LeftOut {
  readonly run: Run;
  readonly why: string;
}

export function sayLeftOut(left: readonly LeftOut[]): string {
  if (left.length === 0) return "";
  const reasons = Map.groupBy(left, ({ why }) => why);
  const parts = [...reasons].map(([why, of]) => `${sayNumbers(of.map(({ run }) => run))} (${why})`);
  return `Not in it: ${parts.join("; ")}.`;
}

export function idleOf(runs: readonly Run[]): readonly LeftOut[] {
  const idle = runs.filter((run) => handled(run) === 0);
  return idle.map((run) => ({ run, why: "no violation was handled" }));
}
