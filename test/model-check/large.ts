/** The configurations that are too large for CI, one after the other: minutes and gigabytes each. */
import { check, told, whyNot } from "./check.ts";
import { LARGE } from "./checks.ts";

const MEGABYTES = 12_000;
const reason = whyNot();
if (reason !== null) {
  console.error(reason);
  process.exit(1);
}
let broken = 0;
for (const { name, ...wanted } of LARGE) {
  try {
    const verdict = await check(wanted, MEGABYTES);
    if (verdict.broken !== null) broken++;
    console.log(`${name}: ${told(verdict)}`);
  } catch (error) {
    broken++;
    console.log(`${name}: ${error instanceof Error ? error.message.slice(0, 200) : error}`);
  }
}
process.exit(broken === 0 ? 0 : 1);
