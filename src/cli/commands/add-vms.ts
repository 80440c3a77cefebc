/** What-if flags as text: `a,b` hosts; VMs as `20:cpus=2,memory=4GiB,name=web`, or as a file with a list of them. */
import { fail, ok, type Result } from "../../lib/error.ts";
import { readSize } from "../../lib/quantity.ts";
import type { Problem, ProblemVm } from "../../solver/index.ts";
import { edited } from "../../solver/instance/edit.ts";
import { parseVms, wellFormed } from "../../solver/instance/parse.ts";

/** More at once is a slip of the finger. */
const MOST = 100_000;
const COUNTED = /^\d+:/;
const CPUS = /^\d{1,6}(\.\d{1,3})?$/;
const HINT = "for example 20:cpus=2,memory=4GiB,name=web";

export function hostNames(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(",").map((name) => name.trim());
}

/** The flag's own words, or what is in the file that it names. @throws what `readFile` throws. */
export function addedText(flag: string, readFile: (path: string) => string): string {
  return COUNTED.test(flag) ? flag : readFile(flag);
}

/** VMs that wait for a host; `cpus` and `memory` are what each of them demands. */
export function parseAdded(text: string): Result<readonly ProblemVm[]> {
  if (!COUNTED.test(text)) return fromFile(text);
  const colon = text.indexOf(":");
  const count = Number(text.slice(0, colon));
  if (count < 1 || count > MOST) return refused(`${text.slice(0, colon)} is not from 1 to ${MOST}`);
  const fields = readFields(text.slice(colon + 1));
  if (!fields.ok) return fields;
  const { cpu, memory, name } = fields.value;
  const waiting = { state: "waiting", desired: "running", host: null, demand: { cpu, memory } } as const;
  return ok(Array.from({ length: count }, (_, n) => ({ id: `${name}-${n}`, ...waiting })));
}

function fromFile(text: string): Result<readonly ProblemVm[]> {
  const read = parseVms(text);
  return read.ok ? read : fail({ ...read.failure, message: "the file with VMs to add cannot be read" });
}

/** The problem with these VMs, if it is well formed; a fault of theirs has its place in their own list. */
export function addedTo(problem: Problem, vms: readonly ProblemVm[]): Result<Problem> {
  const without = wellFormed(problem);
  if (!without.ok || vms.length === 0) return without;
  const whole = wellFormed(edited(problem, { addVms: vms }));
  if (whole.ok) return whole;
  const reason = (whole.failure.reason ?? "").replace(
    /^vms\[(\d+)\]/,
    (_, n) => `[${Number(n) - problem.vms.length}]`,
  );
  return fail({ ...whole.failure, message: "the VMs to add do not fit the instance", reason });
}

interface Fields {
  /** milli-CPU. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
  readonly name: string;
}

function readFields(text: string): Result<Fields> {
  const fields = new Map<string, string>();
  for (const pair of text.split(",")) {
    const [key = "", value = "", ...more] = pair.split("=");
    if (!KEYS.has(key)) return refused(`"${key}" is none of ${[...KEYS].join(", ")}`);
    if (value === "" || more.length > 0) return refused(`${key} has no value`);
    if (fields.has(key)) return refused(`${key} is given twice`);
    fields.set(key, value);
  }
  const cpus = fields.get("cpus");
  if (cpus === undefined || !CPUS.test(cpus)) return refused("cpus is to be a number of cores, as 2 or 0.5");
  const memory = readSize(fields.get("memory") ?? "");
  if (!memory.ok) return refused(`memory: ${memory.failure.message}`);
  return ok({
    cpu: Math.round(Number(cpus) * 1000),
    memory: memory.value,
    name: fields.get("name") ?? "new",
  });
}

const KEYS: ReadonlySet<string> = new Set(["cpus", "memory", "name"]);

function refused(reason: string) {
  return fail({ code: "invalid", message: "The VMs to add cannot be read.", reason, hint: HINT });
}
