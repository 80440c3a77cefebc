/** `discovery-sim run`: an evaluation, with a progress line, and a partial report when it is interrupted. */
import { parseArgs } from "node:util";
import { Evaluation } from "./evaluation.ts";
import { type EvaluationOptions, NO_FAULTS, VMPLACES } from "./options.ts";
import { Progress } from "./progress.ts";
import { told } from "./told.ts";

const USAGE = `Usage: discovery-sim run [options]

  --seed N                     (${VMPLACES.seed})
  --hosts H, --vms V           (${VMPLACES.hosts} hosts, ten guests on each)
  --duration S                 simulated seconds (${VMPLACES.durationMs / 1000})
  --algorithm A                partition, or centralised: one solver every 30 s (partition)
  --workload W                 vmplaces: loads ~ N(60, 20) %; vmplaces-heavy: N(63, 20) % (vmplaces)
  --membership M               modelled, or real (modelled)
  --sites N, --wan-latency MS  sites, and one way between two of them (1, ${VMPLACES.wanLatencyMs})
  --walk W                     locality, or random: which neighbours are asked first (locality)
  --hold S, --window S         how long an overload must last, and what is averaged (0, 0)
  --migrations-per-host N      at once, in and out together (${VMPLACES.migrationsPerHost})
  --consolidate                hosts with little to do are emptied
  --faults LIST                failing=PERCENT, site-surge=PERCENT, drained=HOSTS, separated by commas
  --no-checkers                invariants are not watched
  --measured                   adds what the run itself took: no two runs give the same
  -o json                      the whole report as JSON
`;
/** Between two looks at the wall clock and at signals. */
const SLICE_MS = 200;

interface Asked {
  readonly options: EvaluationOptions;
  readonly json: boolean;
  readonly measured: boolean;
}

/** @returns 0: done; 1: an invariant was violated; 2: the arguments make no sense; 130: interrupted. */
export async function main(args: readonly string[]): Promise<number> {
  const asked = askedOf(args);
  if (asked === null) {
    process.stderr.write(USAGE);
    return 2;
  }
  const evaluation = new Evaluation(asked.options);
  const progress = new Progress(evaluation);
  const interrupted = await play(evaluation, progress);
  const report = evaluation.report();
  const cost = asked.measured ? { measured: progress.cost() } : {};
  process.stdout.write(
    asked.json
      ? `${JSON.stringify({ ...report, ...cost })}\n`
      : told(report, asked.measured ? progress.cost() : null),
  );
  if (report.wrong.length > 0) return 1;
  return interrupted ? 130 : 0;
}

/** @returns whether it was interrupted. */
async function play(evaluation: Evaluation, progress: Progress): Promise<boolean> {
  let interrupted = false;
  const interrupt = (): void => {
    interrupted = true;
  };
  process.once("SIGINT", interrupt);
  progress.begin();
  evaluation.start();
  while (!evaluation.over && !interrupted) {
    evaluation.advance(SLICE_MS);
    progress.tick();
    await new Promise(setImmediate);
  }
  process.removeListener("SIGINT", interrupt);
  progress.end();
  return interrupted;
}

function askedOf(args: readonly string[]): Asked | null {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: "string", default: VMPLACES.seed },
        hosts: { type: "string", default: String(VMPLACES.hosts) },
        vms: { type: "string" },
        duration: { type: "string", default: String(VMPLACES.durationMs / 1000) },
        algorithm: { type: "string", default: VMPLACES.algorithm },
        workload: { type: "string", default: "vmplaces" },
        membership: { type: "string", default: VMPLACES.membership },
        sites: { type: "string", default: String(VMPLACES.sites) },
        "wan-latency": { type: "string", default: String(VMPLACES.wanLatencyMs) },
        walk: { type: "string", default: VMPLACES.walk },
        hold: { type: "string", default: "0" },
        window: { type: "string", default: "0" },
        "migrations-per-host": { type: "string", default: String(VMPLACES.migrationsPerHost) },
        consolidate: { type: "boolean", default: false },
        faults: { type: "string", default: "" },
        "no-checkers": { type: "boolean", default: false },
        measured: { type: "boolean", default: false },
        output: { type: "string", short: "o", default: "text" },
      },
    });
    const hosts = whole(values.hosts, 1);
    const options: EvaluationOptions = {
      ...VMPLACES,
      seed: values.seed,
      hosts,
      vms: values.vms === undefined ? 10 * hosts : whole(values.vms, 1),
      durationMs: 1000 * whole(values.duration, 1),
      algorithm: oneOf(values.algorithm, ["partition", "centralised"]),
      load: LOADS[oneOf(values.workload, ["vmplaces", "vmplaces-heavy"])],
      membership: oneOf(values.membership, ["real", "modelled"]),
      sites: whole(values.sites, 1),
      wanLatencyMs: whole(values["wan-latency"], 0),
      walk: oneOf(values.walk, ["locality", "random"]),
      holdMs: 1000 * whole(values.hold, 0),
      windowMs: 1000 * whole(values.window, 0),
      migrationsPerHost: whole(values["migrations-per-host"], 1),
      consolidate: values.consolidate,
      faults: faultsOf(values.faults),
      checkers: !values["no-checkers"],
    };
    return {
      options,
      json: oneOf(values.output, ["text", "json"]) === "json",
      measured: values.measured,
    };
  } catch (error) {
    process.stderr.write(`discovery-sim run: ${error instanceof Error ? error.message : String(error)}\n`);
    return null;
  }
}

const LOADS = { vmplaces: { mean: 60, sigma: 20 }, "vmplaces-heavy": { mean: 63, sigma: 20 } } as const;

const FAULTS = { failing: "failingPercent", "site-surge": "siteSurgePercent", drained: "drained" } as const;

function faultsOf(list: string): EvaluationOptions["faults"] {
  const entries = list.split(",").filter((part) => part !== "" && part !== "none");
  const given = entries.map((entry) => {
    const [name = "", value = ""] = entry.split("=");
    return [FAULTS[oneOf(name, ["failing", "site-surge", "drained"])], whole(value, 1)] as const;
  });
  return { ...NO_FAULTS, ...Object.fromEntries(given) };
}

function whole(text: string, least: number): number {
  const value = Number(text);
  if (text === "" || !Number.isSafeInteger(value) || value < least)
    throw new RangeError(`${text} is not a whole number from ${least} on`);
  return value;
}

function oneOf<T extends string>(text: string, known: readonly T[]): T {
  const found = known.find((word) => word === text);
  if (found === undefined) throw new RangeError(`${text} is none of ${known.join(", ")}`);
  return found;
}
