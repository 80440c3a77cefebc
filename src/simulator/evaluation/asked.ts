/** What was asked for on the command line, as options of an evaluation; what has no effect is refused, not ignored. */
import { fail, ok, type Result } from "../../lib/error.ts";
import { COUNTS } from "../../wire/limits.ts";
import type { Input } from "../command-line/input.ts";
import { invalid, notOneOf, readWhole } from "../command-line/parse.ts";
import { type Algorithm, type EvaluationOptions, type FaultOptions, NO_FAULTS, VMPLACES } from "./options.ts";

const LOADS: { readonly [workload: string]: EvaluationOptions["load"] } = {
  vmplaces: { mean: 60, sigma: 20 },
  "vmplaces-heavy": { mean: 63, sigma: 20 },
};

/** A host's snapshot travels, and so does its VE, which has all VMs that it begins with. */
const MOST_ON_ONE = Math.min(COUNTS.hostVms, COUNTS.veVms);

export function optionsOf(input: Input): Result<EvaluationOptions> {
  const hosts = input.whole("hosts");
  const algorithm = input.text("algorithm") as Algorithm;
  const faults = faultsOf(input, hosts);
  if (!faults.ok) return faults;
  const options: EvaluationOptions = {
    ...VMPLACES,
    seed: String(input.whole("seed")),
    hosts,
    vms: input.given("vms") ? input.whole("vms") : 10 * hosts,
    durationMs: 1000 * input.whole("duration"),
    algorithm,
    load: LOADS[input.text("workload")] ?? VMPLACES.load,
    membership: algorithm === "centralised" ? "none" : (input.text("membership") as "real" | "modelled"),
    sites: input.whole("sites"),
    wanLatencyMs: input.whole("wan-latency"),
    walk: input.text("walk") as EvaluationOptions["walk"],
    holdMs: 1000 * input.whole("hold"),
    windowMs: 1000 * input.whole("window"),
    migrationsPerHost: input.whole("migrations-per-host"),
    consolidate: input.flag("consolidate"),
    faults: faults.value,
    checkers: !input.flag("no-checkers"),
  };
  const mistake = withoutEffect(input, options) ?? outOfProportion(options);
  return mistake === null ? ok(options) : invalid(mistake);
}

/** Options of agents, which a central scheduler does without. */
const OF_PARTITIONS: { readonly [option: string]: string } = {
  membership: "it has none: it knows every host",
  walk: "it asks no neighbours",
  hold: "it looks every 30 s at what is so",
  window: "it looks every 30 s at what is so",
  consolidate: "it helps overloaded hosts only",
};

function withoutEffect(input: Input, { algorithm, faults, sites }: EvaluationOptions): string | null {
  if (sites === 1 && input.given("wan-latency"))
    return "--wan-latency has no effect with one site: add --sites";
  if (algorithm === "partition") return null;
  for (const [option, why] of Object.entries(OF_PARTITIONS))
    if (input.given(option)) return `--${option} has no effect on --algorithm centralised: ${why}`;
  if (faults.drained > 0)
    return "--faults drained has no effect on --algorithm centralised: it drains no hosts";
  return null;
}

function outOfProportion({ hosts, vms, sites }: EvaluationOptions): string | null {
  if (sites > hosts) return `--sites ${sites} is more than there are hosts: ${hosts}`;
  const onOne = Math.ceil(vms / hosts);
  if (onOne > MOST_ON_ONE)
    return (
      `--vms ${vms} on ${hosts} hosts is ${onOne} on one: ` +
      `a message carries at most ${MOST_ON_ONE}, here ${hosts * MOST_ON_ONE} in all`
    );
  return null;
}

const FAULTS = { failing: "failingPercent", "site-surge": "siteSurgePercent", drained: "drained" } as const;

function isFault(name: string): name is keyof typeof FAULTS {
  return Object.hasOwn(FAULTS, name);
}

function faultsOf(input: Input, hosts: number): Result<FaultOptions> {
  if (!input.given("faults") || input.text("faults") === "none") return ok(NO_FAULTS);
  const given = new Map<string, number>();
  for (const entry of input.text("faults").split(",")) {
    const [name = "", value = "", ...more] = entry.split("=");
    if (!isFault(name)) return notOneOf("faults", name, Object.keys(FAULTS));
    if (more.length > 0) return invalid(`--faults ${entry} has two values`);
    if (given.has(FAULTS[name])) return invalid(`--faults has ${name} twice`);
    const read = readWhole(`faults ${name}`, value, 1, name === "drained" ? hosts : 100);
    if (!read.ok) return read;
    if (name === "failing" && Math.round((hosts * read.value) / 100) === 0)
      return fail({ code: "invalid", message: `--faults ${entry} is no host of ${hosts}` });
    given.set(FAULTS[name], read.value);
  }
  return ok({ ...NO_FAULTS, ...Object.fromEntries(given) });
}
