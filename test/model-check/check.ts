/** Runs spin on a model: spin makes a C program of it, gcc a verifier of that, which visits every state. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Check {
  readonly model: "reservation" | "meeting";
  /** Macros: sizes, budgets of faults, and the mutant. */
  readonly macros: string;
  /** A property in temporal logic, under weak fairness; without one: assertions. */
  readonly always?: string;
}

export interface Verdict {
  /** The name of the property that does not hold, or null when all hold in every state. */
  readonly broken: string | null;
  readonly states: number;
  readonly depth: number;
  readonly seconds: number;
  readonly megabytes: number;
}

const HERE = import.meta.dirname;
const DEPTH = 1_000_000;

/** What is missing on this machine, or null. */
export function whyNot(): string | null {
  const missing = ["spin", "gcc"].filter((tool) => spawnSync("which", [tool]).status !== 0);
  return missing.length === 0
    ? null
    : `${missing.join(" and ")} not installed: scripts/install-spin, as root`;
}

/** @param megabytes where the search gives up: a model that grew is a failure, not a machine out of memory. */
export async function check({ model, macros, always }: Check, megabytes: number): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), "model-check-"));
  try {
    const given = macros.split(" ").filter((macro) => macro !== "");
    await run(folder, "spin", [...given, "-a", join(HERE, `${model}.pml`)]);
    const search = always === undefined ? ["-DSAFETY"] : ["-DNFAIR=3"];
    await run(folder, "gcc", [
      "-O1",
      "-w",
      "-DCOLLAPSE",
      `-DMEMLIM=${megabytes}`,
      ...search,
      "-o",
      "pan",
      "pan.c",
    ]);
    const property = always === undefined ? [] : ["-a", "-f", "-N", always];
    return verdict(await run(folder, "./pan", [`-m${DEPTH}`, ...property]), always);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(cwd: string, command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (part) => (output += part));
  child.stderr.on("data", (part) => (output += part));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${command} ended with ${code}: ${output}`)),
    );
  });
}

function verdict(report: string, always: string | undefined): Verdict {
  const figure = (pattern: RegExp): number => {
    const found = pattern.exec(report)?.[1];
    if (found === undefined) throw new Error(`no ${pattern} in ${report}`);
    return Number(found);
  };
  const cut = /out of memory|max search depth too small|search depth exceeded/.exec(report);
  if (cut !== null) throw new Error(`the search was cut short: ${report}`);
  return {
    broken: figure(/errors: (\d+)/) === 0 ? null : whatBroke(report, always),
    states: figure(/([\d.e+]+) states, stored/),
    depth: figure(/depth reached (\d+)/),
    seconds: figure(/elapsed time ([\d.e+]+) seconds/),
    megabytes: figure(/([\d.]+)\s+total actual memory usage/),
  };
}

/** A property's name is the last word of its assertion. */
function whatBroke(report: string, always: string | undefined): string {
  const assertion = /assertion violated (.*) \(at depth/.exec(report)?.[1];
  if (assertion !== undefined) return /([a-z_]+)\)*$/.exec(assertion)?.[1] ?? assertion;
  return always !== undefined && report.includes("acceptance cycle (") ? always : report;
}

export function told({ broken, states, depth, seconds, megabytes }: Verdict): string {
  return `${broken === null ? "holds" : `${broken} is broken`}: ${states} states, depth ${depth}, ${seconds} s, ${megabytes} MB`;
}
