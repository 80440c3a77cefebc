import { DiscoveryError, type Failure } from "../../lib/error.ts";

/** The work was done or not, and something beside the simulated world is wrong: words, files, the machine. */
export const EXIT = { done: 0, wrong: 1, usage: 2, interrupted: 130, brokenPipe: 141 } as const;

/** Three short lines, as discoveryctl says it: what, why, what next. */
export function sayFailure({ message, reason, hint }: Failure): string {
  const lines = [`error: ${message}`];
  if (reason !== undefined) lines.push(`  why: ${reason}`);
  if (hint !== undefined) lines.push(`  next: ${hint}`);
  return `${lines.join("\n")}\n`;
}

/** What somebody can put right, from wherever it is found: main says it. */
export function refuse(message: string, hint?: string): never {
  throw new DiscoveryError({ code: "invalid", message, ...(hint === undefined ? {} : { hint }) });
}
