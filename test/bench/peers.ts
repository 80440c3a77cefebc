/** Other tools on the same instances: Ganeti's hbal and an exact MIP by HiGHS, where they are installed. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Problem, ProblemHost, ProblemVm } from "../../src/solver/index.ts";

export interface PeerRun {
  readonly ms: number;
  /** Migrated MiB; null: no answer within the cap. */
  readonly cost: number | null;
  readonly note: string;
}

const amount = (item: ProblemHost | ProblemVm, name: string): number =>
  ("capacity" in item ? item.capacity : item.demand)[name] ?? 0;

const drained = (problem: Problem): ReadonlySet<string> =>
  new Set(problem.rules.flatMap((rule) => (rule.kind === "offline" ? rule.hosts : [])));

/** hbal balances: it does not minimise what it migrates. Null: it is not installed. */
export function hbal(problem: Problem, capMs: number): PeerRun | null {
  const folder = mkdtempSync(join(tmpdir(), "hbal-"));
  try {
    const { cluster, load } = htoolsText(problem);
    writeFileSync(join(folder, "cluster"), cluster);
    writeFileSync(join(folder, "load"), load);
    const start = performance.now();
    const run = spawnSync("hbal", ["-t", join(folder, "cluster"), "-U", join(folder, "load")], {
      encoding: "utf8",
      timeout: capMs,
    });
    const ms = performance.now() - start;
    if (run.error !== undefined && "code" in run.error && run.error.code === "ENOENT") return null;
    if (run.status !== 0) return { ms, cost: null, note: run.status === null ? "cap reached" : "no answer" };
    const memory = new Map(problem.vms.map((vm) => [vm.id, amount(vm, "memory")]));
    const moved = [...run.stdout.matchAll(/^ +\d+\. (\S+)/gm)].map((match) => match[1] as string);
    return {
      ms,
      cost: moved.reduce((sum, vm) => sum + (memory.get(vm) ?? 0), 0),
      note: `${moved.length} moves`,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The htools text format: groups, nodes, instances, tags, policies; sections apart by an empty line. */
function htoolsText(problem: Problem): { readonly cluster: string; readonly load: string } {
  const disk = 8 * 1024 * 1024;
  const out = drained(problem);
  const nodes = problem.hosts.map((host) => {
    const here = problem.vms.filter((vm) => vm.host === host.id);
    const free = amount(host, "memory") - here.reduce((sum, vm) => sum + amount(vm, "memory"), 0);
    const cores = Math.round(amount(host, "cpu") / 1000);
    return `${host.id}|${amount(host, "memory")}|0|${free}|${disk}|${disk}|${cores}|${out.has(host.id) ? "Y" : "N"}|group|1||N|0|1|1.0`;
  });
  const instances = problem.vms.map((vm) => {
    const cores = Math.max(1, Math.ceil(amount(vm, "cpu") / 1000));
    return `${vm.id}|${amount(vm, "memory")}|1024|${cores}|running|Y|${vm.host}||ext||1|1|N`;
  });
  const bounds =
    "128,1,1,1,1,1|1,1,1,1,1,1;1048576,1024,8388608,16,8,12|diskless,file,sharedfile,plain,blockdev,drbd,rbd,ext,gluster|64.0|10000.0";
  const lines = [
    "all|group|preferred||",
    "",
    ...nodes,
    "",
    ...instances,
    "",
    "",
    `|${bounds}`,
    `all|${bounds}`,
    "",
  ];
  const load = problem.vms.map((vm) => `${vm.id} ${amount(vm, "cpu") / 1000} 0 0 0`).join("\n");
  return { cluster: lines.join("\n"), load: `${load}\n` };
}

interface Highs {
  solve(model: string, options: object): { readonly Status: string; readonly ObjectiveValue: number };
}

/** HiGHS, from this project's modules or from the folder in `BENCH_MODULES`. Null: it is not installed. */
export async function loadHighs(): Promise<Highs | null> {
  const { BENCH_MODULES } = process.env;
  const folders = [import.meta.url, ...(BENCH_MODULES === undefined ? [] : [join(BENCH_MODULES, "x.js")])];
  for (const folder of folders) {
    try {
      const load = createRequire(folder)("highs") as (settings: object) => Promise<Highs>;
      return await load({});
    } catch {
      // Not there: the next folder.
    }
  }
  return null;
}

/** The optimal placement (no order) by a 0-1 programme. Only for problems whose rules are drains. */
export function exactPlacement(highs: Highs, problem: Problem, capMs: number): PeerRun {
  const start = performance.now();
  const answer = highs.solve(placementModel(problem), { time_limit: capMs / 1000, output_flag: false });
  const ms = performance.now() - start;
  const proved = answer.Status === "Optimal";
  return { ms, cost: proved ? Math.round(answer.ObjectiveValue) : null, note: answer.Status };
}

/** In CPLEX LP text. A VM that stays is what is left over: x(v, home) = 1 - the others. */
function placementModel(problem: Problem): string {
  const out = drained(problem);
  const open = problem.hosts.filter((host) => !out.has(host.id));
  const name = (vm: ProblemVm, host: ProblemHost) => `x_${vm.id}_${host.id}`;
  const cost = problem.vms.flatMap((vm) =>
    open.filter((host) => host.id !== vm.host).map((host) => `${amount(vm, "memory")} ${name(vm, host)}`),
  );
  const once = problem.vms.map((vm) => `${open.map((host) => name(vm, host)).join(" + ")} = 1`);
  const room = open.flatMap((host) =>
    ["cpu", "memory"].map((resource) => {
      const terms = problem.vms
        .filter((vm) => amount(vm, resource) > 0)
        .map((vm) => `${amount(vm, resource)} ${name(vm, host)}`);
      return `${terms.join(" + ")} <= ${amount(host, resource)}`;
    }),
  );
  const binaries = problem.vms.flatMap((vm) => open.map((host) => name(vm, host)));
  return [
    "Minimize",
    wrapped(cost.join(" + ")),
    "Subject To",
    ...[...once, ...room].map(wrapped),
    "Binary",
    ...binaries,
    "End",
  ].join("\n");
}

/** LP readers want short lines. */
const wrapped = (expression: string): string => expression.replaceAll(/((?:[^+]*\+){8})/g, "$1\n");
