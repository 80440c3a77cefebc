/** What `discoveryctl solve` says to people. */
import type { Explanation } from "../../solver/index.ts";
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

/** For people. */
export function table(report: SolveRun["report"]): string {
  const { status, cost, bound, firstPlanMs, totalMs, decisions, plan, explanation } = report;
  const head = [
    `status      ${status}`,
    ...(cost === null ? [] : [`cost        ${cost} (no plan is cheaper than ${bound})`]),
    ...(firstPlanMs === null ? [] : [`first plan  ${firstPlanMs} ms`]),
    `total       ${totalMs} ms, ${decisions} decisions`,
  ];
  const actions = (plan?.actions ?? []).map(({ id, kind, vm, from, to, start, duration, after }) =>
    [id, kind, vm, from ?? "-", to ?? "-", start, duration, after.join(",") || "-"].join("\t"),
  );
  const steps = actions.length === 0 ? [] : ["", "id\taction\tvm\tfrom\tto\tstart\tms\tafter", ...actions];
  const points = (report.trace ?? []).map(
    (point) => `${point.ms.toFixed(1)} ms\t${point.cost}\t${point.bound}`,
  );
  const trace = points.length === 0 ? [] : ["", "at\tcost\tbound", ...points];
  return `${[...head, ...steps, ...explanation.map(sentence), ...trace].join("\n")}\n`;
}
