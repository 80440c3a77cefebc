/** A first solve in a fresh process: `cold.ts FAMILY HOSTS SEED` prints wall milliseconds of it, without loading the code. */
import { solve } from "../../src/solver/index.ts";
import { FAMILIES, type FamilyName } from "./families.ts";

const [name, hosts, seed] = process.argv.slice(2);
const problem = FAMILIES[name as FamilyName](Number(hosts), Number(seed));
const start = performance.now();
solve(problem, { decisions: 1e9, firstPlan: true });
console.log((performance.now() - start).toFixed(1));
