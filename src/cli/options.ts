/** Options that several commands have. */
import { OUTPUTS } from "./output/format.ts";
import type { OptionSpec } from "./spec.ts";

export const GLOBAL: readonly OptionSpec[] = [
  {
    name: "socket",
    summary: "The agent's socket, or the directory that has admin.sock and read.sock (DISCOVERY_SOCKET).",
    value: { name: "PATH", kind: "text", of: "file" },
  },
  {
    name: "output",
    short: "o",
    summary: "The form of what is printed (DISCOVERY_OUTPUT).",
    value: { name: "FORMAT", kind: "text", choices: OUTPUTS },
  },
  {
    name: "timeout",
    summary: "Give up after this long; exit code 124.",
    value: { name: "TIME", kind: "duration" },
  },
  { name: "strict", summary: "Exit with 9 when not all hosts have answered." },
  { name: "help", short: "h", summary: "Explain the command." },
];

export const WATCH: readonly OptionSpec[] = [
  { name: "watch", short: "w", summary: "Show it again every two seconds." },
  { name: "no-header", summary: "Leave the table's header out." },
];

const REASON: OptionSpec = {
  name: "reason",
  summary: "Why, for the history and the logs.",
  value: { name: "TEXT", kind: "text" },
};

/** Of verbs that begin long work. */
export const LONG_WORK: readonly OptionSpec[] = [
  { name: "wait", summary: "Wait until it is done, with progress on stderr (the default)." },
  { name: "detach", short: "d", summary: "Print the operation's id and return at once." },
  REASON,
];

export const DRY_RUN: OptionSpec = { name: "dry-run", summary: "Say what would be done; change nothing." };
export const YES: OptionSpec = { name: "yes", short: "y", summary: "Do not ask." };
export const GRACE: OptionSpec = {
  name: "grace",
  summary: "How long guests may take to power off before they are cut.",
  value: { name: "TIME", kind: "duration" },
};
export { REASON };
