/** Every field of `swarm -o json` and of `replay -o json`. */
import type { Field } from "../command-line/field.ts";

const VIOLATIONS = "`at` (simulated ms), `checker`, `what`";

export const SWARM_FIELDS: readonly Field[] = [
  { path: "size", kind: "text", meaning: "`small` or `large` worlds." },
  { path: "firstSeed", kind: "number", meaning: "The first seed." },
  { path: "runs", kind: "number", meaning: "How many were asked for." },
  { path: "done", kind: "number", meaning: "How many were run, one after another." },
  {
    path: "nextSeed",
    kind: "number",
    or: "null",
    meaning:
      "The first that was not run: after a fault without `--keep-going`, or after Ctrl-C. null: all were.",
  },
  { path: "interrupted", kind: "flag", meaning: "Ctrl-C ended it." },
  {
    path: "faults",
    kind: "list",
    meaning: `Seeds that show one: \`seed\`, \`violations\` (${VIOLATIONS}), \`replay\` (a command).`,
  },
  { path: "actions", kind: "number", meaning: "Actions of plans that were done." },
  { path: "steps", kind: "number", meaning: "Events of the simulation." },
  { path: "simulatedHours", kind: "number", unit: "h", meaning: "All worlds together." },
];

export const REPLAY_FIELDS: readonly Field[] = [
  { path: "seed", kind: "number", meaning: "The seed." },
  { path: "size", kind: "text", meaning: "`small` or `large`." },
  { path: "world", kind: "map", meaning: "What was drawn, as a [`scenario.yaml`](scenarios.md) has it." },
  { path: "script", kind: "list", meaning: "What happens there, as lines of a script." },
  { path: "story", kind: "list", meaning: "What came of it, a line each." },
  { path: "violations", kind: "list", meaning: `Violated invariants: ${VIOLATIONS}. Empty: none.` },
  { path: "actions", kind: "number", meaning: "Actions of plans that were done." },
  { path: "steps", kind: "number", meaning: "Events of the simulation." },
  { path: "simulatedSeconds", kind: "number", unit: "s", meaning: "Until everything had settled." },
];
