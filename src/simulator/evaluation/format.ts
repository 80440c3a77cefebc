/** Every field of `run -o json`. */
import type { Field } from "../command-line/field.ts";

const OPTIONS: readonly Field[] = [
  { path: "options.seed", kind: "text", meaning: "What everything was drawn from." },
  { path: "options.hosts", kind: "number", meaning: "Hosts." },
  { path: "options.vms", kind: "number", meaning: "VMs." },
  { path: "options.durationMs", kind: "number", unit: "ms", meaning: "Simulated time asked for." },
  { path: "options.algorithm", kind: "text", meaning: "`partition` or `centralised`." },
  {
    path: "options.membership",
    kind: "text",
    meaning: "`modelled` (heartbeats counted, not sent), `real`, or `none` with the central scheduler.",
  },
  { path: "options.load.mean", kind: "number", unit: "% of a processor", meaning: "Of the loads drawn." },
  { path: "options.load.sigma", kind: "number", unit: "% of a processor", meaning: "Of the loads drawn." },
  {
    path: "options.loadPeriodMs",
    kind: "number",
    unit: "ms",
    meaning: "Mean time between two changes of a VM's load.",
  },
  { path: "options.sites", kind: "number", meaning: "Sites; host number *n* lies on site *n* modulo that." },
  { path: "options.wanLatencyMs", kind: "number", unit: "ms", meaning: "Between sites, one way." },
  {
    path: "options.walk",
    kind: "text",
    meaning: "`locality` or `random`: which neighbours are asked first.",
  },
  { path: "options.holdMs", kind: "number", unit: "ms", meaning: "How long an overload must last." },
  { path: "options.windowMs", kind: "number", unit: "ms", meaning: "What usage is averaged over." },
  { path: "options.migrationsPerHost", kind: "number", meaning: "At once, in and out together." },
  { path: "options.consolidate", kind: "flag", meaning: "Hosts with little to do are emptied." },
  { path: "options.faults.failingPercent", kind: "number", unit: "% of hosts", meaning: "Lose power once." },
  {
    path: "options.faults.siteSurgePercent",
    kind: "number",
    unit: "% of a processor",
    meaning: "What the first site's guests want more for the middle third.",
  },
  { path: "options.faults.drained", kind: "number", meaning: "Hosts drained at once after a third." },
  { path: "options.checkers", kind: "flag", meaning: "Invariants were watched." },
];

const PARTS = [
  ["detect", "nobody does anything yet"],
  ["wait", "the event waits"],
  ["build", "a partition grows"],
  ["compute", "its solver runs"],
  ["apply", "its plan is checked and carried out"],
] as const;

const VIOLATIONS: readonly Field[] = [
  {
    path: "violations.seconds",
    kind: "summary",
    unit: "s",
    meaning: "All that ended, from the true onset to the true end.",
  },
  {
    path: "violations.handled",
    kind: "summary",
    unit: "s",
    meaning: "Those that ended while a plan for their host was carried out; others went by themselves.",
  },
  {
    path: "violations.distribution",
    kind: "list",
    unit: "s",
    meaning:
      "101 values: 0 %, 1 % … 100 % of the handled ones lasted at most so long. Empty: there were none.",
  },
  ...PARTS.map(
    ([phase, what]): Field => ({
      path: `violations.parts.${phase}`,
      kind: "map",
      unit: "s",
      numbers: ["mean", "p50"],
      meaning: `\`mean\` and \`p50\` of the handled ones' time in which ${what}.`,
    }),
  ),
  { path: "violations.open", kind: "number", meaning: "Hosts over their limit at the end." },
  {
    path: "violations.secondsPerVmHour",
    kind: "number",
    unit: "s",
    meaning: "Time over a limit, all hosts together, open ones included, per hour of a VM.",
  },
];

const PARTITIONS: readonly Field[] = [
  { path: "partitions.events", kind: "map", meaning: "How many events of each kind were raised." },
  { path: "partitions.outcomes", kind: "map", meaning: "How many partitions (or rounds) ended how." },
  { path: "partitions.hosts", kind: "summary", meaning: "Hosts of those that moved something." },
  { path: "partitions.seconds", kind: "summary", unit: "s", meaning: "How long these lasted." },
  { path: "partitions.wastedPercent", kind: "number", unit: "%", meaning: "Those that moved nothing." },
  { path: "partitions.drains.asked", kind: "number", meaning: "Hosts that were told to drain." },
  {
    path: "partitions.drains.seconds",
    kind: "summary",
    unit: "s",
    meaning: "What it took those that became empty.",
  },
];

const MIGRATIONS: readonly Field[] = [
  { path: "migrations.seconds", kind: "summary", unit: "s", meaning: "Those that were done." },
  { path: "migrations.done", kind: "number", meaning: "How many those are." },
  { path: "migrations.failed", kind: "number", meaning: "The others that ended." },
  { path: "migrations.acrossSites", kind: "number", meaning: "Done from one site to another." },
  { path: "migrations.acrossPercent", kind: "number", unit: "% of those done", meaning: "The same." },
];

const TRAFFIC: readonly Field[] = [
  {
    path: "traffic.lanes",
    kind: "map",
    meaning: "`messages` and `bytes` sent, by lane; `hypervisor` is what hypervisors say to one another.",
  },
  {
    path: "traffic.modelled",
    kind: "map",
    or: "null",
    meaning: "`messages` and `bytes` of heartbeats that were counted; null: membership was not modelled.",
  },
  { path: "traffic.perEvent.messages", kind: "number", meaning: "Of the partition lane, by events raised." },
  { path: "traffic.perEvent.bytes", kind: "number", unit: "bytes", meaning: "The same." },
  {
    path: "traffic.perHostAndSecond.messages",
    kind: "number",
    meaning: "Everything sent, modelled heartbeats included.",
  },
  { path: "traffic.perHostAndSecond.bytes", kind: "number", unit: "bytes", meaning: "The same." },
];

const MEASURED: readonly Field[] = (
  [
    ["seconds", "s", "By the wall clock."],
    ["cpuSeconds", "s", "Of processors."],
    ["eventsPerSecond", "", "Per second of processors."],
    ["peakMib", "MiB", "The largest resident set."],
    ["peakKibPerHost", "KiB", "The same, by hosts."],
  ] as const
).map(([key, unit, meaning]) => ({
  path: `measured.${key}`,
  kind: "number",
  or: "absent",
  unit,
  meaning: `${meaning} Only with \`--measured\`.`,
}));

export const RUN_FIELDS: readonly Field[] = [
  ...OPTIONS,
  {
    path: "complete",
    kind: "flag",
    meaning: "It was neither interrupted nor ended by a violated invariant.",
  },
  { path: "simulatedSeconds", kind: "number", unit: "s", meaning: "Of the workload; no warm-up." },
  { path: "steps", kind: "number", meaning: "Events of the simulation." },
  { path: "loadChanges", kind: "number", meaning: "Changes of a VM's load." },
  {
    path: "wrong",
    kind: "list",
    each: { at: "number", checker: "text", what: "text" },
    meaning: "Violated invariants: `at` (simulated ms), `checker`, `what`. Empty: none.",
  },
  ...VIOLATIONS,
  ...PARTITIONS,
  ...MIGRATIONS,
  ...TRAFFIC,
  { path: "kilowattHours", kind: "number", unit: "kWh", meaning: "If hosts without VMs sleep." },
  {
    path: "story",
    kind: "list",
    each: { at: "number", host: "text", what: "text" },
    meaning: "One event: `at` (simulated ms), `host`, `what`. Empty with the central scheduler.",
  },
  {
    path: "map",
    kind: "list",
    each: { from: "number", to: "number", hosts: "list", outcome: "text" },
    meaning:
      "Partitions (or rounds) that held one of the first 128 hosts: `from` and `to` (simulated s), `hosts` (numbers " +
      "from 0), `outcome`.",
  },
  ...MEASURED,
];
