/** `discoveryctl solve`: the files, the flags and the clock; what is printed is `solve.ts`'s. */
import type { Objective } from "../../solver/index.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { addedText, hostNames } from "./add-vms.ts";
import { runSolve, type SolveOptions } from "./solve.ts";

export async function solveFile(context: Context, input: Input): Promise<number> {
  const file = input.arg("file");
  try {
    const { platform } = context;
    const text = file === "-" ? await platform.readStdin() : platform.readFile(file);
    const { output, exitCode } = runSolve(optionsOf(context, input), text, () => performance.now());
    if (exitCode === 2) context.say(output.trimEnd());
    else context.print(output);
    return exitCode;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return context.failed({
      code: "invalid",
      message: `cannot read ${file}`,
      reason: (error as Error).message,
    });
  }
}

function optionsOf({ format, platform }: Context, input: Input): SolveOptions {
  const objective = input.text("objective") as Objective | undefined;
  const addVms = input.text("add-vms");
  const numbers = {
    deadlineMs: input.duration("deadline"),
    limit: input.number("limit"),
    seed: input.number("seed"),
    repeat: input.number("repeat"),
  };
  const given = Object.entries(numbers).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(given),
    ...(objective === undefined ? {} : { objective }),
    ...(addVms === undefined ? {} : { addVms: addedText(addVms, platform.readFile) }),
    trace: input.flag("trace"),
    output: format === "json" ? "json" : "table",
    hostDown: hostNames(input.text("host-down")),
    drain: hostNames(input.text("drain")),
  };
}
