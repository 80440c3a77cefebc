/** How time grows with size, up to whole infrastructures. */
import { resolve } from "../../src/solver/index.ts";
import { FAMILIES, type FamilyName } from "./families.ts";
import { cpuMs, type Measured, measure, quantile } from "./measure.ts";
import { above, chart, ms, table } from "./report.ts";
import type { Tally } from "./solver-goals.ts";
import type { Scope } from "./solver-scope.ts";

const GROWING: readonly FamilyName[] = ["event", "hot", "mixed", "drain"];
const WHOLE: readonly FamilyName[] = ["event", "hot", "tight", "mixed", "drain"];
const CAP_MS = 3000;

export function sizes(scope: Scope, tally: Tally): string {
  const lines = GROWING.map((name) =>
    scope.sizes.map((hosts) => {
      const firsts = scope.seeds.flatMap(([, list]) =>
        list.slice(0, 2).map((seed) => {
          const problem = FAMILIES[name](hosts, seed);
          return tally.count(measure(problem, CAP_MS)).first ?? Number.NaN;
        }),
      );
      return quantile(firsts, 0.5);
    }),
  );
  const heads = scope.sizes.map((hosts) => `${hosts} hosts`);
  return [
    table(
      ["first plan, median ms", ...heads],
      lines.map((line, i) => [GROWING[i] as string, ...line.map(ms)]),
    ),
    chart(
      `First plan: ${GROWING.join(", ")}`,
      scope.sizes.map(String),
      "log10 of milliseconds",
      lines.map((line) => line.map((value) => Math.log10(Math.max(0.1, value)))),
    ),
  ].join("\n\n");
}

/** A tenth of the hosts is overloaded in `hot`: 1,000 of 10,000. */
export function wholeInfrastructures(scope: Scope, tally: Tally): string {
  const rows = WHOLE.flatMap((name) =>
    scope.seeds.map(([kind, [seed]]) => {
      const problem = FAMILIES[name](scope.largest, seed as number);
      const runs = [0, 1, 2].map(() => tally.count(measure(problem, CAP_MS)));
      const { solution } = runs[2] as Measured;
      const gap = "bound" in solution ? solution.cost / Math.max(1, solution.bound) : Number.NaN;
      const later = runs.slice(1).map((run) => run.first ?? Number.NaN);
      const first = runs[0]?.first ?? Number.NaN;
      return [name, kind, problem.vms.length, ms(first), ms(quantile(later, 0.5)), hundredths(gap)];
    }),
  );
  const heads = ["seed", "VMs", "first call, ms", "later, ms", "above the bound after 3 s"];
  const event = scope.seeds.map(
    ([kind, [seed]]) => `${ms(incremental(scope.largest, seed as number))} ms (${kind})`,
  );
  return [
    table([`${scope.largest} hosts`, ...heads], rows),
    "Both include building the model from nothing. One event solved incrementally, with the model kept: median " +
      `${event.join(", ")}.`,
  ].join("\n\n");
}

const hundredths = (ratio: number): string =>
  Number.isFinite(ratio) ? `+${((ratio - 1) * 100).toFixed(3)} %` : above(ratio);

/** A VM per event grows until its host holds too much. */
function incremental(hosts: number, seed: number): number {
  const problem = FAMILIES.event(hosts, seed);
  let previous = resolve({ problem }, {}, { decisions: 10_000 });
  const times = Array.from({ length: 15 }, (_, k) => {
    const here = previous.problem.vms.filter((vm) => vm.host === `h${(k + 1) * 7}`);
    const vms = here.map((vm) => ({ ...vm, demand: { ...vm.demand, cpu: 1000 } }));
    const start = cpuMs();
    const next = resolve(previous, { vms }, { decisions: 10_000 });
    const spent = cpuMs() - start;
    previous = resolve(next, { vms: here }, { decisions: 10_000 });
    return spent;
  });
  return quantile(times.slice(5), 0.5);
}
