/** What `discoveryctl solve` says to people. */
import type { Explanation, Objective } from "../../solver/index.ts";
import { PLAIN } from "../output/palette.ts";
import { printable } from "../output/printable.ts";
import { table as aligned, type Column } from "../output/table.ts";
import { plural } from "../output/words.ts";
import type { SolveRun } from "./solve.ts";

function sentence(reason: Explanation): string {
  switch (reason.kind) {
    case "shortage":
      return `${reason.resource}: ${reason.needed} needed, ${reason.available} there, on ${list("host", reason.hosts)}`;
    case "too-large":
      return `VM ${reason.vm} needs ${reason.needed} ${reason.resource}, the largest host has ${reason.largest}`;
    case "no-host":
      return `no host takes ${list("VM", reason.vms)}: ${reason.hosts.map(({ host, why }) => `${host} (${why})`).join(", ")}`;
    case "rule":
      return `${[...reason.rules.map((rule) => `rules[${rule}]`), reason.why].join(": ")}; ${list("VM", reason.vms)}; ${list("host", reason.hosts)}`;
    case "no-order":
      return `${list("VM", reason.cycle)}: ${reason.why}`;
  }
}

const MOST_NAMED = 8;

/** `3 VMs (a, b, c)`; of many, the first. */
function list(what: string, ids: readonly string[]): string {
  const named = ids.slice(0, MOST_NAMED).join(", ");
  const more = ids.length > MOST_NAMED ? ", …" : "";
  return ids.length === 1 ? `${what} ${named}` : `${ids.length} ${what}s (${named}${more})`;
}

type Report = SolveRun["report"];
type Action = NonNullable<Report["plan"]>["actions"][number];
type Point = NonNullable<Report["trace"]>[number];

/** For people; characters that would do something to a terminal are escaped. */
export function table({ report, objective }: Omit<SolveRun, "exitCode">): string {
  const { plan, explanation, trace = [] } = report;
  const parts = [
    headOf(report, objective),
    ...(plan === null || plan.actions.length === 0 ? [] : ["\n", columns(plan.actions, ACTIONS)]),
    ...explanation.map((reason) => `${printable(sentence(reason))}\n`),
    ...(trace.length === 0 ? [] : ["\n", columns(trace, POINTS)]),
  ];
  return parts.join("");
}

function headOf(
  { status, cost, bound, broken, firstPlanMs, totalMs, decisions }: Report,
  objective: Objective,
): string {
  const head = [
    `status      ${status}`,
    ...(cost === null ? [] : [`cost        ${sayCost(cost, objective)} (no plan is cheaper than ${bound})`]),
    ...(broken.length === 0
      ? []
      : [`not kept    preferred: ${broken.map((rule) => `rules[${rule}]`).join(", ")}`]),
    ...(firstPlanMs === null ? [] : [`first plan  ${firstPlanMs} ms`]),
    `total       ${totalMs} ms, ${plural(decisions, "decision")}`,
    ...(status === "limit" ? [nothingFound(decisions)] : []),
  ];
  return `${head.join("\n")}\n`;
}

function nothingFound(decisions: number): string {
  const made = `${plural(decisions, "decision was", "decisions were")} made`;
  return `no plan was found, and none was proved impossible: raise --limit (${made}) or --deadline`;
}

function sayCost(cost: number, objective: Objective): string {
  switch (objective) {
    case "memory":
      return `${cost} MiB`;
    case "distance":
      return `${cost} MiB, weighted by distance`;
    case "makespan":
      return `${cost} ms`;
    case "migrations":
      return plural(cost, "migration");
    case "hosts":
      return plural(cost, "host");
  }
}

const ACTIONS: readonly Column<Action>[] = [
  { header: "ID", cell: ({ id }) => `${id}`, align: "right" },
  { header: "ACTION", cell: ({ kind }) => kind },
  { header: "VM", cell: ({ vm }) => printable(vm) },
  { header: "FROM", cell: ({ from }) => printable(from ?? "") },
  { header: "TO", cell: ({ to }) => printable(to ?? "") },
  { header: "START/MS", cell: ({ start }) => `${start}`, align: "right" },
  { header: "TAKES/MS", cell: ({ duration }) => `${duration}`, align: "right" },
  { header: "AFTER", cell: ({ after }) => after.join(",") },
];

const POINTS: readonly Column<Point>[] = [
  { header: "AT/MS", cell: ({ ms }) => ms.toFixed(1), align: "right" },
  { header: "DECISIONS", cell: ({ decisions }) => `${decisions}`, align: "right" },
  { header: "COST", cell: ({ cost }) => `${cost}`, align: "right" },
  { header: "BOUND", cell: ({ bound }) => `${bound}`, align: "right" },
];

function columns<T>(items: readonly T[], of: readonly Column<T>[]): string {
  return aligned(items, of, { palette: PLAIN, header: true, wide: false });
}
