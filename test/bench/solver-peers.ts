/** The solver beside hbal, HiGHS and BtrPlace on the same problems, each up to the size it bears. */
import type { Problem } from "../../src/solver/index.ts";
import { loadBtrplace } from "./btrplace.ts";
import { FAMILIES } from "./families.ts";
import { costAt, measure } from "./measure.ts";
import { exactPlacement, hbal, loadHighs, type PeerRun } from "./peers.ts";
import { ms, table } from "./report.ts";
import type { Tally } from "./solver-goals.ts";
import type { Scope } from "./solver-scope.ts";

/** Hosts beyond which a peer is not asked: it has reached its cap long before. */
const MOST_HOSTS = { hbal: 64, highs: 64, btrplace: 1000 } as const;
const OURS_MS = 1000;

export async function peers(scope: Scope, tally: Tally): Promise<string> {
  const highs = await loadHighs();
  const btrplace = loadBtrplace();
  const cap = scope.peerCapMs;
  const rows = scope.peers.map(([name, hosts]) => {
    const problem = FAMILIES[name](hosts, 1);
    const ours = tally.count(measure(problem, OURS_MS));
    const onlyDrains = problem.rules.every((rule) => rule.kind === "offline");
    const asked = (peer: keyof typeof MOST_HOSTS, run: (problem: Problem) => PeerRun | null) =>
      hosts > MOST_HOSTS[peer] ? "–" : cell(run(problem));
    const { solve } = btrplace;
    return [
      `${name} ${hosts}`,
      `${costAt(ours, OURS_MS)} in ${ms(ours.trace.at(-1)?.ms ?? Number.NaN)} ms (${ours.solution.status})`,
      onlyDrains ? asked("hbal", (it) => hbal(it, cap)) : "–",
      highs === null || !onlyDrains ? "–" : asked("highs", (it) => exactPlacement(highs, it, cap)),
      solve === undefined ? "–" : asked("btrplace", (it) => solve(it, cap)),
    ];
  });
  const heads = [
    "this solver: MiB",
    "hbal: MiB (it balances)",
    "HiGHS: MiB (placement only)",
    "BtrPlace: MiB",
  ];
  return [
    table(["instance, seed 1", ...heads], rows),
    `A cap of ${cap / 1000} s for each peer; a dash: not asked (too large, rules it has not, or not there). ` +
      "hbal treats CPU as soft, so it may leave hosts overloaded: its figure is then below the optimum. " +
      `HiGHS: ${highs === null ? "not installed" : "WASM build, in this process"}. BtrPlace: ${btrplace.note}.`,
  ].join("\n\n");
}

const cell = (run: PeerRun | null): string => {
  if (run === null) return "not installed";
  return run.cost === null ? `${run.note} (${ms(run.ms)} ms)` : `${run.cost} in ${ms(run.ms)} ms`;
};
