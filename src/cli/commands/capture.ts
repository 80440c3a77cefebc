/** `discoveryctl capture`: the live infrastructure as an instance, edited on the fly; `discoveryctl solve -` reads it. */
import type { CaptureView } from "../../api/views.ts";
import { fail, ok, type Result } from "../../lib/error.ts";
import type { ProblemVm } from "../../solver/index.ts";
import { parseInstance } from "../../solver/instance/parse.ts";
import { writeInstance } from "../../solver/instance/write.ts";
import type { Context } from "../context.ts";
import type { Input } from "../input.ts";
import { freshness } from "../output/show.ts";
import { addedText, addedTo, hostNames, parseAdded } from "./add-vms.ts";

export async function capture(context: Context, input: Input): Promise<number> {
  const { client, platform } = context;
  const added = readAdded(input.text("add-vms"), context);
  if (!added.ok) return context.failed(added.failure);
  const edits = { drain: hostNames(input.text("drain")), down: hostNames(input.text("host-down")) };
  const given = Object.entries(edits).filter(([, hosts]) => hosts.length > 0);
  const reply = await client.call("capture", Object.fromEntries(given), platform.interrupted);
  if (!reply.ok) return context.failed(reply.failure);
  const { value, meta } = reply.value;
  const text = instanceText(value, added.value);
  if (!text.ok) return context.failed(text.failure);
  context.print(text.value);
  for (const warning of value.warnings) context.say(`${context.palette.attention("warning:")} ${warning}`);
  return freshness(context, meta);
}

function readAdded(flag: string | undefined, { platform }: Context): Result<readonly ProblemVm[]> {
  if (flag === undefined) return ok([]);
  try {
    return parseAdded(addedText(flag, platform.readFile));
  } catch (cause) {
    const hint = "name a file, or write for example 20:cpus=2,memory=4GiB";
    return fail({
      code: "invalid",
      message: `cannot read ${flag}`,
      reason: (cause as Error).message,
      hint,
    });
  }
}

/** Read back as `solve` reads it: what it would refuse is not printed. */
function instanceText({ instance }: CaptureView, addVms: readonly ProblemVm[]): Result<string> {
  const whole = addedTo(instance, addVms);
  if (!whole.ok) return whole;
  const text = writeInstance(whole.value);
  const read = parseInstance(text);
  return read.ok ? ok(text) : read;
}
