/** `search.ts SECONDS RUNS [FAMILY]`: long searches on the packed instances; what they find goes into the best-known file. */
import { BestKnown } from "./best-known.ts";
import { FAMILIES } from "./families.ts";
import { costAt, measure } from "./measure.ts";

const [seconds = "10", runs = "2", family = ""] = process.argv.slice(2);
const best = new BestKnown();
for (const name of ["packed95", "packed98"] as const) {
  if (!name.startsWith(family)) continue;
  for (let seed = 1; seed <= 10; seed++) {
    const instance = `${name}/64/${seed}`;
    const before = best.get(instance);
    for (let run = 0; run < Number(runs); run++) {
      const found = measure(FAMILIES[name](64, seed), Number(seconds) * 1000, 100 + run);
      if (found.illegal === 0) best.offer(instance, costAt(found, Number.POSITIVE_INFINITY));
      if (found.solution.status === "optimal") break;
    }
    best.save();
    console.log(instance, before ?? "-", best.get(instance) ?? "-");
  }
}
