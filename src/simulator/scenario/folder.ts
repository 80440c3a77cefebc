/** Reads a scenario's folder: README.md, scenario.yaml, script, and expected.log where it has been recorded. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { sayProblem } from "../../config/problem.ts";
import { readYaml } from "../../config/yaml-source.ts";
import type { InitialDomain } from "../../hypervisor/embedded/settings.ts";
import { fail, ok, type Result } from "../../lib/error.ts";
import { DEFAULT_POLICY } from "../../model/virtual-machine.ts";
import type { HostSpec } from "../world/host.ts";
import { type HostShape, SCENARIO, type ScenarioShape, type VmShape } from "./schema.ts";
import { type Deed, readScript } from "./script.ts";

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
  for (const file of ["README.md", "scenario.yaml", "script"]) {
    if (!existsSync(join(folder, file))) return invalid(`${folder} has no ${file}`);
  }
  const shape = readShape(join(folder, "scenario.yaml"));
  if (!shape.ok) return shape;
  const script = join(folder, "script");
  const played = play(shape.value, readFileSync(script, "utf8"), { folder, script });
  if (!played.ok) return played;
  const expected = join(folder, "expected.log");
  return ok({
    name: basename(folder),
    summary: readFileSync(join(folder, "README.md"), "utf8").trim(),
    shape: shape.value,
    ...played.value,
    expected: existsSync(expected) ? readFileSync(expected, "utf8") : null,
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
  const names = { hosts: new Set(hosts.map(({ id }) => id)), vms: new Set(vms) };
  const deeds = readScript(script, places.script, names);
  return deeds.ok ? ok({ hosts, deeds: deeds.value }) : deeds;
}

function invalid(message: string) {
  return fail({ code: "invalid", message });
}

function readShape(file: string): Result<ScenarioShape> {
  const yaml = readYaml(readFileSync(file, "utf8"), file);
  const [problem] = yaml.problems;
  if (problem !== undefined) return invalid(sayProblem(problem));
  const parsed = SCENARIO.safeParse(yaml.value);
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  const path = (issue?.path ?? []).map((step) => (typeof step === "symbol" ? String(step) : step));
  const message = `${path.join(".")}: ${issue?.message ?? "is wrong"}`;
  return invalid(sayProblem({ where: yaml.place(path), path: path.join("."), message }));
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
