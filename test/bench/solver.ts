/**
 * `npm run bench:solver [-- --quick] [-- --write]`: the goals of the solver, measured, beside its peers. `--quick` stays
 * under two minutes; `--write` puts the report into docs/benchmarks.md.
 */
import { BestKnown } from "./best-known.ts";
import { machine, writeSection } from "./report.ts";
import { bestKnown, Sections } from "./solver-goals.ts";
import { peers } from "./solver-peers.ts";
import { sizes, wholeInfrastructures } from "./solver-scale.ts";
import { FULL, QUICK } from "./solver-scope.ts";

const scope = process.argv.includes("--quick") ? QUICK : FULL;
const best = new BestKnown();
const goals = new Sections(scope, best);
goals.warmUp();
const parts = [
  ["Easy families", () => goals.easyFamilies()],
  ["Packed hosts", () => goals.packedFamilies()],
  ["Best known plans", () => bestKnown(best)],
  ["Swaps", () => goals.swaps()],
  ["Infeasible", () => goals.infeasible()],
  ["Sizes", () => sizes(scope, goals.tally)],
  ["Whole infrastructures", () => wholeInfrastructures(scope, goals.tally)],
  ["Peers", () => peers(scope, goals.tally)],
  ["Legality", () => goals.tally.text()],
] as const;
const sections: string[] = [
  "## Solver",
  "`npm run bench:solver -- --write`. Times are CPU milliseconds of one process (its garbage collector and compiler " +
    "included), warm (the process has solved some of each family) unless a column says otherwise; a peer's are wall milliseconds. Each figure is given on the seeds " +
    "the solver was developed on, and on seeds never used for that.",
];
/** After every part, so that what was measured is not lost when a later part is. */
function keep(): void {
  best.save();
  if (process.argv.includes("--write")) writeSection("solver", `${sections.join("\n\n")}\n\n${machine()}`);
}

for (const [title, measureAll] of parts) {
  sections.push(`### ${title}`, await measureAll());
  keep();
  console.error(`${title}: done`);
}
console.log(sections.join("\n\n"));
process.exitCode = goals.tally.illegal === 0 ? 0 : 1;
