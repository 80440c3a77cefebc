/** Runs dependency-cruiser over the sources and fails, too, when it saw no modules (it then checks nothing). */
import { spawnSync } from "node:child_process";

const run = spawnSync(
  process.execPath,
  [
    "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs",
    "src",
    "--config",
    ".dependency-cruiser.cjs",
    "--output-type",
    "json",
  ],
  { encoding: "utf8", maxBuffer: 256 * 1024 * 1024 },
);
if (run.stdout === "") {
  console.error(run.stderr);
  process.exit(1);
}
interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
  readonly to: string;
}
const { summary } = JSON.parse(run.stdout) as { summary: { totalCruised: number; violations: Violation[] } };
for (const { rule, from, to } of summary.violations) console.error(`${rule.name}: ${from} → ${to}`);
console.log(`boundaries: ${summary.totalCruised} modules, ${summary.violations.length} violations`);
process.exit(summary.totalCruised < 10 || summary.violations.length > 0 ? 1 : 0);
