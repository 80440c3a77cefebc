/** `discoveryctl solve`: the files, the flags and the clock; what comes out is `solve.ts`'s. */
import { type Failure, fail, ok, type Result } from "../../lib/error.ts";
import type { Millis } from "../../lib/instant.ts";
import type { Objective } from "../../solver/index.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { addedText, hostNames } from "./add-vms.ts";
import { runSolve, type SolveOptions, type SolveRun } from "./solve.ts";
import { table } from "./solve-table.ts";

const FORMAT = "docs/reference/instance-format.md says what is read";

export async function solveFile(context: Context, input: Input): Promise<number> {
  const run = await solved(context, input);
  if (!run.ok) return context.failed({ hint: FORMAT, ...run.failure });
  const { report, exitCode } = run.value;
  context.print(context.format === "json" ? `${JSON.stringify(report, null, 2)}\n` : table(run.value));
  return exitCode;
}

async function solved({ platform, timeoutMs }: Context, input: Input): Promise<Result<SolveRun>> {
  const instance = await readText(platform, input.arg("FILE|-"));
  if (!instance.ok) return instance;
  const flag = input.text("add-vms");
  const added = flag === undefined ? null : readAdded(platform, flag);
  if (added?.ok === false) return added;
  const options = { ...optionsOf(input, timeoutMs), ...(added === null ? {} : { addVms: added.value }) };
  return runSolve(options, instance.value, () => performance.now());
}

async function readText(platform: Context["platform"], file: string): Promise<Result<string>> {
  try {
    const text = file === "-" ? await platform.readStdin() : platform.readFile(file);
    return text.trim() === "" ? fail(empty(file)) : ok(text);
  } catch (cause) {
    return fail(unreadable(file, cause as Error));
  }
}

function readAdded({ readFile }: Context["platform"], flag: string): Result<string> {
  try {
    const text = addedText(flag, readFile);
    return text.trim() === "" ? fail(empty(flag)) : ok(text);
  } catch (cause) {
    return fail(unreadable(flag, cause as Error));
  }
}

function empty(file: string): Failure {
  const message = file === "-" ? "nothing on standard input" : `${file}: the file is empty`;
  return { code: "invalid", message };
}

function unreadable(file: string, { message: reason }: Error): Failure {
  return { code: "invalid", message: `cannot read ${file}`, reason, hint: "name a file, or - for stdin" };
}

function optionsOf(input: Input, timeoutMs: Millis | null): SolveOptions {
  const objective = input.text("objective") as Objective | undefined;
  const numbers = {
    deadlineMs: earlier(input.duration("deadline"), timeoutMs ?? undefined),
    limit: input.number("limit"),
    seed: input.number("seed"),
    repeat: input.number("repeat"),
  };
  const given = Object.entries(numbers).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(given),
    ...(objective === undefined ? {} : { objective }),
    trace: input.flag("trace"),
    hostDown: hostNames(input.text("host-down")),
    drain: hostNames(input.text("drain")),
  };
}

function earlier(a: Millis | undefined, b: Millis | undefined): Millis | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
