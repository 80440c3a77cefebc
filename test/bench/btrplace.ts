/**
 * BtrPlace as a peer, from its published artifacts: a small Java runner is built with Maven when the bench runs, into
 * `.cache`, and reused. Without Java or Maven, or when the artifacts do not resolve, there is a reason and no figure.
 * The last version whose artifacts resolve is 1.9.3; its successors' parent projects are not published.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Rule } from "../../src/model/constraint.ts";
import type { Problem } from "../../src/solver/index.ts";
import type { PeerRun } from "./peers.ts";

const SOURCE = fileURLToPath(new URL("btrplace", import.meta.url));
const BUILT = fileURLToPath(new URL("../../.cache/btrplace", import.meta.url));
const BUILD_MS = 300_000;

export interface Btrplace {
  /** Absent: it cannot run here. */
  readonly solve?: (problem: Problem, capMs: number) => PeerRun;
  /** Version, or why it cannot run. */
  readonly note: string;
}

export function loadBtrplace(): Btrplace {
  if (spawnSync("java", ["-version"]).status !== 0) return { note: "Java is missing" };
  if (!existsSync(join(BUILT, "target/dependency"))) {
    cpSync(SOURCE, BUILT, { recursive: true });
    const goals = ["-q", "-B", "package", "dependency:copy-dependencies"];
    const build = spawnSync("mvn", goals, { cwd: BUILT, timeout: BUILD_MS });
    if (build.error !== undefined) return { note: "Maven is missing" };
    if (build.status !== 0) return { note: "its artifacts do not resolve" };
  }
  return { note: "1.9.3, repair mode, first solution, third run in one JVM", solve };
}

/** Three runs in one JVM; the last one counts. */
function solve(problem: Problem, capMs: number): PeerRun {
  const lines = problemLines(problem);
  if (lines === null) return { ms: Number.NaN, cost: null, note: "a rule it has not" };
  const folder = mkdtempSync(join(tmpdir(), "btrplace-"));
  try {
    writeFileSync(join(folder, "problem"), lines.join("\n"));
    const path = `${join(BUILT, "target/classes")}:${join(BUILT, "target/dependency")}/*`;
    const seconds = String(Math.ceil(capMs / 3000));
    const args = ["-Xmx4g", "-Xss64m", "-cp", path, "Runner", join(folder, "problem"), "3", seconds];
    const start = performance.now();
    const run = spawnSync("java", args, { encoding: "utf8", timeout: 2 * capMs });
    const last = run.stdout.trim().split("\n").at(-1) ?? "";
    const [ms = "", cost = "-"] = last.split(" ");
    if (run.status !== 0)
      return { ms: performance.now() - start, cost: null, note: "no plan within the cap" };
    return { ms: Number(ms), cost: cost === "-" ? null : Number(cost), note: "no plan" };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The runner's text, or null when some rule has no counterpart there. */
function problemLines(problem: Problem): readonly string[] | null {
  const everyone = problem.vms.map((vm) => vm.id);
  const rules = problem.rules.map((rule) => ruleLine(rule, everyone));
  if (rules.includes(null) || problem.vms.some((vm) => vm.state !== "running")) return null;
  const now = { cpu: presentShares(problem, "cpu"), memory: presentShares(problem, "memory") };
  const hosts = problem.hosts.map(
    ({ id, capacity }) => `host ${id} ${capacity["cpu"]} ${capacity["memory"]}`,
  );
  const vms = problem.vms.map(({ id, host, demand }, i) =>
    ["vm", id, host, now.cpu[i], demand["cpu"], now.memory[i], demand["memory"]].join(" "),
  );
  return [...hosts, ...vms, ...(rules as string[])];
}

function ruleLine(rule: Rule, everyone: readonly string[]): string | null {
  if (rule.kind === "offline") return `ban ${everyone.join(",")} ${rule.hosts.join(",")}`;
  if (rule.kind === "ban" || rule.kind === "fence")
    return `${rule.kind} ${rule.vms.join(",")} ${rule.hosts.join(",")}`;
  if (rule.kind === "root" || rule.kind === "spread" || rule.kind === "gather")
    return `${rule.kind} ${rule.vms.join(",")}`;
  return null;
}

/** What each VM has now: its demand, or its share of the capacity where its host is asked for more than that. */
function presentShares(problem: Problem, resource: string): readonly number[] {
  const load = new Map<string, number>();
  for (const { host, demand } of problem.vms) {
    const id = host as string;
    load.set(id, (load.get(id) ?? 0) + (demand[resource] ?? 0));
  }
  const room = new Map(problem.hosts.map(({ id, capacity }) => [id, capacity[resource] ?? 0]));
  return problem.vms.map(({ host, demand }) => {
    const wanted = demand[resource] ?? 0;
    const ratio = (room.get(host as string) as number) / (load.get(host as string) as number);
    return ratio < 1 ? Math.floor(wanted * ratio) : wanted;
  });
}
