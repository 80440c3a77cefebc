/** The goals at 64 hosts: how soon, how cheap, how surely, and what is proved impossible. */
import { spawnSync } from "node:child_process";
import type { BestKnown, Known } from "./best-known.ts";
import { FAMILIES, type FamilyName, INFEASIBLE } from "./families.ts";
import { costAt, knownFrom, type Measured, measure, quantile } from "./measure.ts";
import { above, chart, ms, table } from "./report.ts";
import type { Scope } from "./solver-scope.ts";

const EASY: readonly FamilyName[] = ["hot", "event", "mixed", "tight", "swap", "drain", "affinity"];
const PACKED: readonly FamilyName[] = ["packed95", "packed98"];
/** CPU time of one problem before anything is measured. */
const WARM_UP_MS = 100;

/** What an independent replay says of all the plans of a bench. */
export class Tally {
  illegal = 0;
  #plans = 0;

  count(run: Measured): Measured {
    this.illegal += run.illegal;
    if (run.first !== null) this.#plans++;
    return run;
  }

  text(): string {
    return `${this.illegal} faults found by the independent replay in ${this.#plans} plans.`;
  }
}

export class Sections {
  readonly tally = new Tally();
  readonly #scope: Scope;
  readonly #best: BestKnown;

  constructor(scope: Scope, best: BestKnown) {
    this.#scope = scope;
    this.#best = best;
  }

  warmUp(): void {
    for (let seed = 501; seed <= 500 + this.#scope.warmUp; seed++)
      for (const name of [...EASY, ...PACKED]) measure(FAMILIES[name](this.#scope.hosts, seed), WARM_UP_MS);
  }

  easyFamilies(): string {
    const { hosts, easySeeds, cold } = this.#scope;
    const rows = EASY.flatMap((name) =>
      easySeeds.map(([kind, list]) => {
        const runs = list.map((seed) => this.tally.count(measure(FAMILIES[name](hosts, seed), 50)));
        const proved = runs.filter((run) => run.solution.status === "optimal").length;
        const firsts = runs.map((run) => run.first ?? Number.POSITIVE_INFINITY);
        const fresh = list.slice(0, cold).map((seed) => coldStart(name, hosts, seed));
        return [
          name,
          kind,
          ms(quantile(firsts, 0.5)),
          ms(quantile(firsts, 0.95)),
          `${proved} of ${list.length}`,
          ms(quantile(fresh, 0.5)),
        ];
      }),
    );
    const heads = [
      "seeds",
      "first plan, median ms",
      "p95",
      "proved optimal within 50 ms",
      "cold process, ms",
    ];
    return table([`family, ${hosts} hosts`, ...heads], rows);
  }

  packedFamilies(): string {
    return PACKED.map((name) => this.#packed(name)).join("\n\n");
  }

  #packed(name: FamilyName): string {
    const { hosts, marks, seeds } = this.#scope;
    const lines: number[][] = [];
    const rows = seeds.flatMap(([kind, list]) => {
      const { ratios, firsts } = this.#ratios(name, list);
      const at = (p: number) => marks.map((_, i) => quantile(ratios[i] as readonly number[], p));
      lines.push(at(0.5).map((ratio) => (Number.isFinite(ratio) ? (ratio - 1) * 100 : 100)));
      return [
        [`${kind}, median`, ...at(0.5).map(above), ms(quantile(firsts, 0.5))],
        [`${kind}, worst`, ...at(1).map(above), ms(quantile(firsts, 1))],
      ];
    });
    const labels = marks.map((mark) => `${mark} ms`);
    return [
      table([`${name}, ${hosts} hosts`, ...labels, "first plan, ms"], rows),
      chart(
        `${name}: median cost above the best known, by seeds (100: no plan yet)`,
        labels,
        "percent",
        lines,
      ),
    ].join("\n\n");
  }

  /** Cost over the best known, per mark and seed, and when the first plan came. */
  #ratios(name: FamilyName, seeds: readonly number[]) {
    const { hosts, marks } = this.#scope;
    const last = marks.at(-1) as number;
    const runs = seeds.map((seed) => {
      const run = this.tally.count(measure(FAMILIES[name](hosts, seed), last));
      const known = knownFrom(run, `bench, ${last} ms`);
      const instance = `${name}/${hosts}/${seed}`;
      const best = known === null ? this.#best.get(instance)?.cost : this.#best.offer(instance, known);
      return { run, best: best ?? Number.NaN };
    });
    return {
      ratios: marks.map((mark) => runs.map(({ run, best }) => costAt(run, mark) / best)),
      firsts: runs.map(({ run }) => run.first ?? Number.POSITIVE_INFINITY),
    };
  }

  /** The pivots cost what is above the charge of the placement. */
  swaps(): string {
    const { hosts, seeds } = this.#scope;
    const rows = seeds.map(([kind, list]) => {
      const runs = list.map((seed) => this.tally.count(measure(FAMILIES.swap(hosts, seed), 200)));
      const ratios = runs.map(({ solution }) =>
        "bound" in solution ? solution.cost / solution.bound : Number.POSITIVE_INFINITY,
      );
      const executable = runs.filter((run) => run.first !== null).length;
      const optimal = ratios.filter((ratio) => ratio <= 1).length;
      const size = list.length;
      return [kind, `${executable} of ${size}`, `${optimal} of ${size}`, above(quantile(ratios, 1))];
    });
    return table(["seeds", "executable", "at the lower bound, pivots included", "worst"], rows);
  }

  infeasible(): string {
    const { hosts, seeds } = this.#scope;
    const rows = Object.entries(INFEASIBLE).flatMap(([name, make]) =>
      seeds.map(([kind, list]) => {
        const runs = list.map((seed) => measure(make(hosts, seed), 1000));
        const proved = runs.filter(
          ({ solution }) => solution.status === "infeasible" && solution.explanation.length > 0,
        ).length;
        const totals = runs.map((run) => run.total);
        return [name, kind, `${proved} of ${list.length}`, ms(quantile(totals, 0.95))];
      }),
    );
    return table([`kind, ${hosts} hosts`, "seeds", "proved and explained", "p95 ms"], rows);
  }
}

/** What the packed plans are measured against; the exact optimum of the placement alone is a bound, too. */
export function bestKnown(best: BestKnown): string {
  const rows = best.instances.map((instance) => {
    const { cost, foundBy, bound, boundBy } = best.get(instance) as Known;
    return [instance, cost, foundBy, bound, boundBy, above(cost / bound)];
  });
  return table(["instance", "best known plan, MiB", "found by", "bound", "by", "above"], rows);
}

/** Wall milliseconds of a first solve in a fresh process. */
function coldStart(name: FamilyName, hosts: number, seed: number): number {
  const script = new URL("cold.ts", import.meta.url).pathname;
  const run = spawnSync(process.execPath, [script, name, String(hosts), String(seed)], { encoding: "utf8" });
  return Number(run.stdout);
}
