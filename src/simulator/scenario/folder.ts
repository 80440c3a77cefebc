/** Reads a scenario's folder: README.md, scenario.yaml, script, and expected.log where it has been recorded. */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { sayProblem } from "../../config/problem.ts";
import { check } from "../../config/validate.ts";
import { readYaml } from "../../config/yaml-source.ts";
import type { InitialDomain } from "../../hypervisor/embedded/settings.ts";
import { DiscoveryError, fail, ok, type Result } from "../../lib/error.ts";
import { DEFAULT_POLICY } from "../../model/virtual-machine.ts";
import { readText } from "../command-line/files.ts";
import type { HostSpec } from "../world/host.ts";
import { type HostShape, SCENARIO, type ScenarioShape, type VmShape } from "./schema.ts";
import { type Deed, readScript } from "./script.ts";
import { meant } from "./words.ts";

export interface Scenario {
  readonly name: string;
  readonly summary: string;
  readonly shape: ScenarioShape;
  readonly hosts: readonly HostSpec[];
  readonly deeds: readonly Deed[];
  /** What its story was when it was recorded; null: not yet. */
  readonly expected: string | null;
}

/** @returns the scenario, or its first mistake with file and line. */
export function readFolder(folder: string): Result<Scenario> {
  try {
    return read(folder);
  } catch (error) {
    if (error instanceof DiscoveryError) return fail(error.failure);
    throw error;
  }
}

function read(folder: string): Result<Scenario> {
  for (const file of ["README.md", "scenario.yaml", "script"]) {
    if (!existsSync(join(folder, file))) return invalid(`${folder} has no ${file}`);
  }
  const shape = readShape(join(folder, "scenario.yaml"));
  if (!shape.ok) return shape;
  const script = join(folder, "script");
  const played = play(shape.value, readText(script), { folder, script });
  if (!played.ok) return played;
  const expected = join(folder, "expected.log");
  return ok({
    name: basename(resolve(folder)),
    summary: readText(join(folder, "README.md")).trim(),
    shape: shape.value,
    ...played.value,
    expected: existsSync(expected) ? readText(expected) : null,
  });
}

/** Hosts and deeds of a shape and a script; `places` names both in what is wrong with them. */
export function play(
  shape: ScenarioShape,
  script: string,
  places: { readonly folder: string; readonly script: string },
): Result<Pick<Scenario, "hosts" | "deeds">> {
  const hosts = shape.hosts.flatMap(hostsOf);
  const vms = hosts.flatMap(({ domains }) => domains.map(({ vm }) => vm));
  const twice = [...hosts.map(({ id }) => id), ...vms].find((name, at, all) => all.indexOf(name) !== at);
  if (twice !== undefined) return invalid(`${places.folder}: there are two of the name ${twice}`);
  const stranger = strangerIn(shape, vms);
  if (stranger !== null) return invalid(`${places.folder}: ${stranger}`);
  const names = { hosts: new Set(hosts.map(({ id }) => id)), vms: new Set(vms) };
  const deeds = readScript(script, places.script, names);
  return deeds.ok ? ok({ hosts, deeds: deeds.value }) : deeds;
}

/** A rule that names a VM which is not there. */
function strangerIn({ hosts }: ScenarioShape, known: readonly string[]): string | null {
  for (const { name, policy } of hosts.flatMap(({ vms }) => vms))
    for (const rule of ["apart", "together"] as const) {
      const stranger = policy?.[rule]?.find((other) => !known.includes(other));
      if (stranger !== undefined)
        return `${rule} of ${name}: there is no VM ${stranger}${meant(stranger, known)}`;
    }
  return null;
}

function invalid(message: string) {
  return fail({ code: "invalid", message });
}

function readShape(file: string): Result<ScenarioShape> {
  const yaml = readYaml(readText(file), file);
  const [problem] = yaml.problems;
  if (problem !== undefined) return invalid(sayProblem(problem));
  const checked = check(SCENARIO, yaml.value, yaml);
  if (checked.ok) return ok(checked.value);
  const [first] = checked.problems;
  return invalid(first === undefined ? `${file} is wrong` : sayProblem(first));
}

function hostsOf(host: HostShape): readonly HostSpec[] {
  const { name, numbers, cpu, memory, labels, clockRate, vms } = host;
  const one = (id: string, number: string): HostSpec => ({
    id,
    labels,
    capacity: { cpu, memory },
    domains: vms.flatMap((vm) => domainsOf(vm, number)),
    ...(clockRate === undefined ? {} : { clockRate }),
  });
  if (numbers === undefined) return [one(name, "")];
  return numbers.map((number) => one(name.replaceAll("%", `${number}`), `${number}`));
}

function domainsOf(vm: VmShape, host: string): readonly InitialDomain[] {
  return Array.from({ length: vm.count }, (_, index) => {
    const name = vm.name.replaceAll("%", host).replaceAll("#", `${index + 1}`);
    const { load, memory, cpus, dirtyRate, powerOffMs, adopted } = vm;
    const policy = { ...DEFAULT_POLICY, ...definedOf(vm.policy) };
    const handler = "scenario-1-1";
    const stamp = { ve: "scenario", vm: name, handler, generation: 1, adopted, policy };
    return {
      vm: name,
      name,
      cpus,
      memory,
      load,
      dirtyRate,
      powerOffMs,
      persistent: adopted,
      stamp: vm.managed ? stamp : null,
    };
  });
}

type Policy = NonNullable<VmShape["policy"]>;

function definedOf(policy: Policy | undefined): { [K in keyof Policy]-?: NonNullable<Policy[K]> } | object {
  return Object.fromEntries(Object.entries(policy ?? {}).filter(([, value]) => value !== undefined));
}
