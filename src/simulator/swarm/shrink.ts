/**
 * Cuts a seed that shows a fault down to a scenario that people can read: fewer scenes, then fewer hosts and VMs, then
 * settings back to what they usually are, again and again, as long as the same checker finds something wrong.
 * Source: delta debugging (Zeller, Hildebrandt 2002), on lists of faults drawn before the run.
 */
import { play } from "../scenario/folder.ts";
import { runScenario } from "../scenario/run.ts";
import type { HostShape, ScenarioShape, VmShape } from "../scenario/schema.ts";
import type { Violation } from "../simulation.ts";
import { endOf, type SwarmCase } from "./run.ts";
import { type Scene, scenesOf, scriptOf, shapeOf } from "./script-of.ts";

export interface Draft {
  readonly shape: ScenarioShape;
  readonly scenes: readonly Scene[];
  readonly end: number;
}

/** What a draft is to show, as the whole case did. */
interface Aim {
  readonly checker: string;
  /** It is missing at the end, not wrong on the way. */
  readonly late: boolean;
}

export interface Shrunk {
  readonly draft: Draft;
  readonly script: string;
  readonly log: string;
  readonly violation: Violation;
  readonly runs: number;
}

/** Time that is left after the fault for a reader to see what comes of it. */
const AFTER_MS = 1000;
const PLACES = { folder: "draft", script: "draft" };

export class Shrinker {
  readonly #until: () => boolean;
  #runs = 0;

  /** @param goOn false: what has been reached so far is good enough. */
  constructor(goOn: () => boolean) {
    this.#until = goOn;
  }

  /** @returns null: the case shows nothing as a scenario. */
  shrink(one: SwarmCase): Shrunk | null {
    let draft: Draft = { shape: shapeOf(one), scenes: scenesOf(one), end: endOf(one) };
    const first = this.#run(draft)[0];
    if (first === undefined) return null;
    const aim = { checker: first.checker, late: first.at >= draft.end };
    if (!aim.late) draft = this.#first([{ ...draft, end: Math.ceil(first.at + AFTER_MS) }], aim) ?? draft;
    for (let before = ""; before !== JSON.stringify(draft) && this.#until(); ) {
      before = JSON.stringify(draft);
      draft = this.#fewerScenes(draft, aim);
      draft = this.#simpler(draft, aim, smallerWorlds);
      draft = this.#simpler(draft, aim, plainerWorlds);
    }
    const [last] = this.#run(draft);
    if (last !== undefined && !aim.late) draft = { ...draft, end: Math.ceil(last.at + AFTER_MS) };
    return this.#told(draft);
  }

  #told(draft: Draft): Shrunk | null {
    const { script, scenario } = scenarioOf(draft);
    if (scenario === null) return null;
    const { log, violations } = runScenario(scenario);
    const [violation] = violations;
    return violation === undefined ? null : { draft, script, log, violation, runs: this.#runs };
  }

  #run(draft: Draft): readonly Violation[] {
    const { scenario } = scenarioOf(draft);
    this.#runs++;
    return scenario === null ? [] : runScenario(scenario).violations;
  }

  #shows(draft: Draft, { checker, late }: Aim): boolean {
    const [first] = this.#run(draft);
    return first?.checker === checker && first.at >= draft.end === late;
  }

  /** The first of the drafts that still shows it. */
  #first(drafts: Iterable<Draft>, aim: Aim): Draft | null {
    for (const smaller of drafts) {
      if (!this.#until()) return null;
      if (this.#shows(smaller, aim)) return smaller;
    }
    return null;
  }

  /** Leaves out ever smaller parts of the list. */
  #fewerScenes(draft: Draft, aim: Aim): Draft {
    let kept = draft.scenes;
    for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let from = 0; from < kept.length && this.#until(); ) {
        const fewer = [...kept.slice(0, from), ...kept.slice(from + size)];
        if (this.#shows({ ...draft, scenes: fewer }, aim)) kept = fewer;
        else from += size;
      }
    }
    return { ...draft, scenes: kept };
  }

  #simpler(draft: Draft, aim: Aim, ways: (draft: Draft) => Iterable<Draft>): Draft {
    let best = draft;
    for (let next: Draft | null = best; next !== null; next = this.#first(ways(best), aim)) best = next;
    return best;
  }
}

function scenarioOf({ shape, scenes, end }: Draft) {
  const script = scriptOf(scenes, end);
  const played = play(shape, script, PLACES);
  const more = { name: "draft", summary: "", shape, expected: null };
  return { script, scenario: played.ok ? { ...more, ...played.value } : null };
}

/** Without a host, or without a VM, and what happens to it. */
function* smallerWorlds({ shape, scenes, end }: Draft): Iterable<Draft> {
  for (const host of shape.hosts) {
    const hosts = shape.hosts.filter((other) => other !== host);
    const gone = new Set([host.name, ...host.vms.map(({ name }) => name)]);
    if (hosts.length > 0) yield { shape: { ...shape, hosts }, scenes: without(scenes, gone), end };
  }
  for (const host of shape.hosts)
    for (const vm of host.vms) {
      const vms = host.vms.filter((other) => other !== vm);
      const smaller = changed(shape, host, { vms });
      yield { shape: smaller, scenes: without(scenes, new Set([vm.name])), end };
    }
}

function without(scenes: readonly Scene[], names: ReadonlySet<string>): readonly Scene[] {
  return scenes.filter((scene) => !scene.some(({ text }) => text.split(" ").some((word) => names.has(word))));
}

function changed(shape: ScenarioShape, host: HostShape, change: Partial<HostShape>): ScenarioShape {
  return { ...shape, hosts: shape.hosts.map((other) => (other === host ? { ...host, ...change } : other)) };
}

/** With one thing as it usually is. */
function* plainerWorlds({ shape, scenes, end }: Draft): Iterable<Draft> {
  for (const plainer of plainerShapes(shape)) yield { shape: plainer, scenes, end };
}

function* plainerShapes(shape: ScenarioShape): Iterable<ScenarioShape> {
  const { link, between, msPerDecision, ...rest } = shape;
  if (link !== undefined || between !== undefined || msPerDecision !== undefined) yield rest;
  for (const key of Object.keys(shape.lrt)) {
    const { [key]: _dropped, ...lrt } = shape.lrt;
    yield { ...shape, lrt };
  }
  if (Object.keys(shape.hypervisor).length > 0) yield { ...shape, hypervisor: {} };
  for (const host of shape.hosts) {
    const { clockRate, ...plain } = host;
    if (clockRate !== undefined) {
      const hosts = shape.hosts.map((other) => (other === host ? plain : other));
      yield { ...shape, hosts };
    }
    if (Object.keys(host.labels).length > 0) yield changed(shape, host, { labels: {} });
    for (const vm of host.vms)
      for (const plain of plainerVms(vm))
        yield changed(shape, host, { vms: host.vms.map((other) => (other === vm ? plain : other)) });
  }
}

function* plainerVms(vm: VmShape): Iterable<VmShape> {
  const { policy, ...bare } = vm;
  if (policy !== undefined) yield bare;
  const keys = Object.keys(policy ?? {});
  for (const key of keys) {
    const kept = Object.entries(policy ?? {}).filter(([name]) => name !== key);
    if (keys.length > 1) yield { ...bare, policy: Object.fromEntries(kept) };
  }
  const usual = { ...vm, dirtyRate: 0, powerOffMs: 1000, adopted: false };
  if (JSON.stringify(usual) !== JSON.stringify(vm)) yield usual;
}
