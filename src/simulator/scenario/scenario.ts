/**
 * A scenario is a folder: README.md (one line: what it shows), scenario.yaml (the world), script (what happens to it)
 * and expected.log (what came of it, as a story). A change of behaviour is a readable difference.
 */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { perform } from "../faults/verbs.ts";
import { Simulation, type Violation } from "../simulation.ts";
import { parseScenario, type ScenarioFile } from "./schema.ts";
import { parseScript, type Script } from "./script.ts";
import { specOf } from "./world.ts";

export interface Scenario {
  readonly name: string;
  readonly file: ScenarioFile;
  readonly script: Script;
}

export interface ScenarioResult {
  readonly log: string;
  readonly violations: readonly Violation[];
}

/** @throws ScenarioError */
export function loadScenario(folder: string): Scenario {
  const path = join(folder, "scenario.yaml");
  const file = parseScenario(path, readFileSync(path, "utf8"));
  const names = { hosts: new Set(Object.keys(file.hosts)), vms: new Set(Object.keys(file.vms ?? {})) };
  const script = parseScript(join(folder, "script"), readFileSync(join(folder, "script"), "utf8"), names);
  return { name: basename(folder), file, script };
}

/** @param prepare may change the world before it starts. */
export function runScenario(
  { name, file, script }: Scenario,
  prepare: (world: Simulation) => void = () => {},
): ScenarioResult {
  const world = new Simulation(specOf(name, file));
  prepare(world);
  world.start();
  for (const deed of script.deeds) world.queue.at(deed.atMs, () => perform(world, deed));
  world.run(script.endMs);
  if (file.settles !== false) world.demandSettled();
  world.story.tell("-", `end: ${placement(world)}`);
  return { log: `${world.story.lines.join("\n")}\n`, violations: world.violations };
}

function placement(world: Simulation): string {
  return world.hosts.map((host) => `${host.id} [${[...host.executing()].sort().join(" ")}]`).join(" ");
}
