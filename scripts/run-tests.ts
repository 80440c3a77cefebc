/**
 * Runs the checks and every kind of test, one kind after the other, each within its budget, and counts. Nothing
 * runs beside the suites that use the bed. Arguments: names of suites; none: all.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";

interface Suite {
  readonly name: string;
  readonly command: readonly string[];
  /** A suite that takes longer is stopped and counts as failed. */
  readonly budgetMinutes: number;
}

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const project = (name: string, budgetMinutes: number): Suite => ({
  name,
  command: [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--project",
    name,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report(name)}`,
  ],
  budgetMinutes,
});

/** Characters of what a failed test says that the end repeats. */
const MOST_SHOWN = 2000;

const report = (name: string): string => `.cache/tests/${name}.json`;

const SUITES: readonly Suite[] = [
  project("unit", 4),
  project("architecture", 4),
  project("property", 6),
  project("simulation", 15),
  project("model-check", 8),
  project("contract", 4),
  project("integration", 6),
  project("e2e", 15),
];

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
      readonly meta?: { reason?: string };
    }[];
  }[];
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !SUITES.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(
    `no such suite: ${unknown.join(", ")} (there are ${SUITES.map(({ name }) => name).join(", ")})`,
  );
  process.exit(2);
}
mkdirSync(".cache/tests", { recursive: true });
const sum: Counts = { passed: 0, failed: 0, skipped: 0 };
const notes: string[] = [];
for (const suite of SUITES) if (wanted.length === 0 || wanted.includes(suite.name)) await runSuite(suite);
for (const note of notes) console.log(note);
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exit(sum.failed > 0 || sum.passed === 0 ? 1 : 0);

async function runSuite(suite: Suite): Promise<void> {
  rmSync(report(suite.name), { force: true });
  const started = performance.now();
  const outcome = await runCommand(suite);
  const counts = count(suite.name);
  if (counts.passed + counts.failed + counts.skipped === 0) counts.failed++;
  if (outcome !== "ok" && counts.failed === 0) counts.failed++;
  for (const key of ["passed", "failed", "skipped"] as const) sum[key] += counts[key];
  const seconds = Math.round((performance.now() - started) / 1000);
  notes.push(
    `${suite.name.padEnd(14)}${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s${outcome === "ok" ? "" : ` (${outcome})`};`,
  );
}

function runCommand({ command, budgetMinutes }: Suite): Promise<string> {
  const child = spawn(process.execPath, [...command], { stdio: "inherit", detached: true });
  return new Promise((resolve) => {
    const budget = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      resolve(`stopped after its budget of ${budgetMinutes} min`);
    }, budgetMinutes * 60_000);
    child.on("close", (code) => {
      clearTimeout(budget);
      resolve(code === 0 ? "ok" : `exit code ${code}`);
    });
  });
}

function count(name: string): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  let read: Report;
  try {
    read = JSON.parse(readFileSync(report(name), "utf8")) as Report;
  } catch {
    return counts;
  }
  for (const file of read.testResults) {
    if (file.status === "failed" && file.assertionResults.length === 0) {
      counts.failed++;
      notes.push(`failed: ${file.name}: ${(file.message ?? "").slice(0, MOST_SHOWN)}`);
    }
    for (const { status, fullName, failureMessages } of file.assertionResults) {
      if (status === "passed") counts.passed++;
      else if (status === "failed") {
        counts.failed++;
        notes.push(`failed: ${fullName}: ${(failureMessages?.[0] ?? "").slice(0, MOST_SHOWN)}`);
      } else {
        counts.skipped++;
        notes.push(`skipped: ${fullName}`);
      }
    }
  }
  return counts;
}
