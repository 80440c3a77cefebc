/**
 * Cuts a seed that shows a fault down to a scenario that people can read: fewer scenes, then fewer hosts and VMs, then
 * settings back to what they usually are, again and again, as long as the same checker finds something wrong.
 * Source: delta debugging (Zeller, Hildebrandt 2002), on lists of faults drawn before the run.
 */
import { present } from "../../lib/assert.ts";
import type { Checker } from "../checkers/checker.ts";
import { play, type Scenario } from "../scenario/folder.ts";
import { runScenario, type ScenarioRun } from "../scenario/run.ts";
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

/** A draft that was run, and what came of it. */
interface Shown {
  readonly draft: Draft;
  readonly run: ScenarioRun;
}

export class Shrinker {
  readonly #goesOn: (runs: number) => Promise<boolean>;
  readonly #more: readonly Checker[];
  #runs = 0;

  /**
   * @param goesOn asked before every run but the first; false: what has been reached so far is good enough.
   * @param more checkers besides those of every scenario.
   */
  constructor(goesOn: (runs: number) => Promise<boolean>, more: readonly Checker[] = []) {
    this.#goesOn = goesOn;
    this.#more = more;
  }

  /** @returns null: the case shows nothing as a scenario. */
  async shrink(one: SwarmCase): Promise<Shrunk | null> {
    const whole: Draft = { shape: shapeOf(one), scenes: scenesOf(one), end: endOf(one) };
    if (!(await this.#goesOn(0))) return null;
    const run = this.#run(whole);
    const first = run?.violations[0];
    if (run === null || first === undefined) return null;
    const aim = { checker: first.checker, late: first.at >= whole.end };
    let shown: Shown = await this.#cutShort({ draft: whole, run }, aim);
    for (let before: Draft | null = null; before !== shown.draft; ) {
      before = shown.draft;
      shown = await this.#fewerScenes(shown, aim);
      shown = await this.#simpler(shown, aim, smallerWorlds);
      shown = await this.#simpler(shown, aim, plainerWorlds);
    }
    return this.#told(await this.#cutShort(shown, aim));
  }

  #told({ draft, run }: Shown): Shrunk {
    const violation = present(run.violations[0], "what is kept shows the fault");
    return { draft, script: scriptOf(draft.scenes, draft.end), log: run.log, violation, runs: this.#runs };
  }

  /** Ends soon after the fault, unless it is something that is missing at the end. */
  async #cutShort(shown: Shown, aim: Aim): Promise<Shown> {
    const end = Math.ceil((shown.run.violations[0]?.at ?? 0) + AFTER_MS);
    if (aim.late || end >= shown.draft.end) return shown;
    return (await this.#first([{ ...shown.draft, end }], aim)) ?? shown;
  }

  #run(draft: Draft): ScenarioRun | null {
    const scenario = scenarioOf(draft);
    this.#runs++;
    return scenario === null ? null : runScenario(scenario, this.#more);
  }

  /** The first of the drafts that still shows it. */
  async #first(drafts: Iterable<Draft>, { checker, late }: Aim): Promise<Shown | null> {
    for (const draft of drafts) {
      if (!(await this.#goesOn(this.#runs))) return null;
      const run = this.#run(draft);
      const first = run?.violations[0];
      if (run !== null && first?.checker === checker && first.at >= draft.end === late) return { draft, run };
    }
    return null;
  }

  /** Leaves out ever smaller parts of the list. */
  async #fewerScenes(shown: Shown, aim: Aim): Promise<Shown> {
    let kept = shown;
    let size = Math.ceil(kept.draft.scenes.length / 2);
    while (size >= 1) {
      for (let from = 0; from < kept.draft.scenes.length; ) {
        const { scenes } = kept.draft;
        const fewer = [...scenes.slice(0, from), ...scenes.slice(from + size)];
        const smaller = await this.#first([{ ...kept.draft, scenes: fewer }], aim);
        if (smaller === null) from += size;
        else kept = smaller;
      }
      size = size === 1 ? 0 : Math.ceil(size / 2);
    }
    return kept;
  }

  async #simpler(shown: Shown, aim: Aim, ways: (draft: Draft) => Iterable<Draft>): Promise<Shown> {
    let best = shown;
    for (let next: Shown | null = best; next !== null; next = await this.#first(ways(best.draft), aim))
      best = next;
    return best;
  }
}

function scenarioOf({ shape, scenes, end }: Draft): Scenario | null {
  const played = play(shape, scriptOf(scenes, end), PLACES);
  return played.ok ? { name: "draft", summary: "", shape, expected: null, ...played.value } : null;
}

/** Without a host, or without a VM, and what happens to it. */
function* smallerWorlds({ shape, scenes, end }: Draft): Iterable<Draft> {
  for (const host of shape.hosts) {
    const hosts = shape.hosts.filter((other) => other !== host);
    const gone = new Set([host.name, ...host.vms.map(({ name }) => name)]);
    if (hosts.length > 0)
      yield { shape: forgetting({ ...shape, hosts }, gone), scenes: without(scenes, gone), end };
  }
  for (const host of shape.hosts)
    for (const vm of host.vms) {
      const vms = host.vms.filter((other) => other !== vm);
      const gone = new Set([vm.name]);
      const smaller = forgetting(changed(shape, host, { vms }), gone);
      yield { shape: smaller, scenes: without(scenes, gone), end };
    }
}

/** Rules name no VM that is no more. */
function forgetting(shape: ScenarioShape, gone: ReadonlySet<string>): ScenarioShape {
  const left = (names: readonly string[] | undefined) => names?.filter((name) => !gone.has(name));
  const vmOf = (vm: VmShape): VmShape => {
    if (vm.policy?.apart === undefined && vm.policy?.together === undefined) return vm;
    const rules = { apart: left(vm.policy.apart), together: left(vm.policy.together) };
    return { ...vm, policy: { ...vm.policy, ...rules } };
  };
  return { ...shape, hosts: shape.hosts.map((host) => ({ ...host, vms: host.vms.map(vmOf) })) };
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
    const kept = Object.entries(shape.lrt).filter(([name]) => name !== key);
    yield { ...shape, lrt: Object.fromEntries(kept) };
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
