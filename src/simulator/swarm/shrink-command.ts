/** `discovery-sim shrink --seed N --out DIR`: a seed that shows a fault as a scenario folder that people can read. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import type { ScenarioShape } from "../scenario/schema.ts";
import { SCENARIO } from "../scenario/schema.ts";
import { drawCase } from "./run.ts";
import { Shrinker, type Shrunk } from "./shrink.ts";

const USAGE = `Usage: discovery-sim shrink --seed N --out DIR [--seconds S]

  --seed N       a seed that shows a fault
  --out DIR      where the scenario goes: README.md, scenario.yaml, script, expected.log
  --seconds S    how long it tries, at most (60)
`;

/** @returns 0: written; 1: the seed shows no fault; 2: the arguments make no sense. */
export function main(args: readonly string[]): Promise<number> {
  const options = optionsOf(args);
  if (options === null) {
    process.stderr.write(USAGE);
    return Promise.resolve(2);
  }
  return Promise.resolve(shrink(options.seed, options.out, options.seconds));
}

function optionsOf(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seed: { type: "string" },
        out: { type: "string" },
        seconds: { type: "string", default: "60" },
      },
    });
    const seconds = Number(values.seconds);
    if (values.seed === undefined || values.out === undefined || !(seconds > 0)) return null;
    return { seed: values.seed, out: values.out, seconds };
  } catch {
    return null;
  }
}

function shrink(seed: string, out: string, seconds: number): number {
  const deadline = performance.now() + seconds * 1000;
  const shrunk = new Shrinker(() => performance.now() < deadline).shrink(drawCase(seed));
  if (shrunk === null) {
    process.stdout.write(`seed ${seed} shows no fault as a scenario\n`);
    return 1;
  }
  write(seed, out, shrunk);
  const { hosts } = shrunk.draft.shape;
  const vms = hosts.reduce((sum, host) => sum + host.vms.length, 0);
  const lines = shrunk.script.trimEnd().split("\n").length;
  process.stdout.write(
    `${out}: ${hosts.length} hosts, ${vms} VMs, ${lines} deeds after ${shrunk.runs} runs\n`,
  );
  return 0;
}

function write(seed: string, out: string, { draft, script, log, violation }: Shrunk): void {
  mkdirSync(out, { recursive: true });
  const { checker, what } = violation;
  writeFileSync(join(out, "README.md"), `Seed ${seed}, ${checker}: ${what.split("\n")[0]}.\n`);
  writeFileSync(
    join(out, "scenario.yaml"),
    stringify(unusual(draft.shape), { collectionStyle: "any", lineWidth: 108 }),
  );
  writeFileSync(join(out, "script"), script);
  writeFileSync(join(out, "expected.log"), log);
}

/** Without what the schema fills in by itself. */
function unusual({ hosts, shows: _shows, never: _never, ...rest }: ScenarioShape): object {
  const usual = SCENARIO.parse({ hosts: [{ name: "x", vms: [{ name: "y" }] }] }).hosts[0];
  const top = Object.entries(rest).filter(([, value]) => !isEmpty(value));
  return {
    ...Object.fromEntries(top),
    hosts: hosts.map(({ vms, ...host }) => ({
      ...trimmed(host, { ...usual }),
      vms: vms.map((vm) => trimmed(vm, { ...usual?.vms[0] })),
    })),
  };
}

function trimmed(given: object, usual: { readonly [key: string]: unknown }): object {
  const entries = Object.entries(given).filter(
    ([key, value]) => !isEmpty(value) && JSON.stringify(value) !== JSON.stringify(usual[key]),
  );
  return Object.fromEntries(entries);
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
