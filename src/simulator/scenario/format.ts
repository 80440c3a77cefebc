/** Every field of each of `scenario -o json`'s `scenarios`. */
import type { Field } from "../command-line/field.ts";

export const SCENARIO_FIELDS: readonly Field[] = [
  { path: "folder", kind: "text", meaning: "As it was named." },
  {
    path: "mistake",
    kind: "text",
    or: "null",
    meaning: "What is wrong in the folder; there is nothing else then. null: it was played.",
  },
  { path: "name", kind: "text", or: "absent", meaning: "The folder's own name." },
  { path: "summary", kind: "text", or: "absent", meaning: "Its README." },
  {
    path: "violations",
    kind: "list",
    or: "absent",
    meaning: "Violated invariants: `at` (simulated ms), `checker`, `what`. Empty: none.",
  },
  { path: "missed", kind: "list", or: "absent", meaning: "What it does not show, or shows and must not." },
  {
    path: "difference",
    kind: "map",
    or: "null",
    meaning:
      "With `--check`, the first line that is not as recorded: `line` (0: nothing was), `was`, `is` (null: the end). " +
      "null: as recorded, or nobody asked.",
  },
  { path: "recorded", kind: "flag", or: "absent", meaning: "`--record` wrote expected.log." },
  { path: "story", kind: "list", or: "absent", meaning: "The story, and where every VM is, a line each." },
];
