/**
 * `search.ts SECONDS RUNS [FAMILY] [SEEDS]`: long searches on the packed instances; what they find goes
 * into the best-known file. `SEEDS` is `1-10` if not given.
 */
import { BestKnown } from "./best-known.ts";
import { FAMILIES } from "./families.ts";
import { knownFrom, measure } from "./measure.ts";

const [seconds = "10", runs = "2", family = "", range = "1-10"] = process.argv.slice(2);
const [from = 1, to = from] = range.split("-").map(Number);
const best = new BestKnown();
for (const name of ["packed95", "packed98"] as const) {
  if (!name.startsWith(family)) continue;
  for (let seed = from; seed <= to; seed++) search(name, seed);
}

function search(name: "packed95" | "packed98", seed: number): void {
  const instance = `${name}/64/${seed}`;
  const before = best.get(instance)?.cost;
  for (let run = 0; run < Number(runs); run++) {
    const found = measure(FAMILIES[name](64, seed), Number(seconds) * 1000, 100 + run);
    const known = knownFrom(found, `search for ${seconds} s, seed ${100 + run}`);
    if (known !== null) best.offer(instance, known);
    if (found.solution.status === "optimal") break;
  }
  best.save();
  console.log(instance, before ?? "-", best.get(instance)?.cost ?? "-", best.get(instance)?.bound ?? "-");
}
