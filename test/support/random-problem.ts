import { Random } from "../../src/lib/random.ts";
import type { Rule } from "../../src/model/constraint.ts";
import { holds } from "../../src/solver/checkers/rules.ts";
import type { Problem, ProblemHost, ProblemVm } from "../../src/solver/index.ts";
import { problemFaults } from "../../src/solver/index.ts";

export interface Shape {
  readonly hosts: number;
  readonly vms: number;
  readonly rules: number;
  /** Draw rules about the plan too. */
  readonly planRules: boolean;
}

const PLACEMENT = [
  "spread",
  "gather",
  "ban",
  "fence",
  "root",
  "offline",
  "quarantine",
  "preserve",
  "overbook",
  "lonely",
  "split",
  "among",
  "split-among",
  "running-capacity",
  "resource-capacity",
  "max-online",
  "online",
] as const;
const PLAN = ["no-delay", "serialize", "sync", "precedence", "deadline"] as const;

/** A small problem with any rule in it; the same seed draws the same. Well formed, but often infeasible. */
export function randomProblem(seed: string, shape: Shape): Problem {
  for (let attempt = 0; ; attempt++) {
    const problem = new Draw(new Random(`${seed}/${attempt}`), shape).problem();
    if (problemFaults(problem).length === 0) return problem;
  }
}

class Draw {
  readonly #random: Random;
  readonly #shape: Shape;
  #hosts: readonly ProblemHost[] = [];
  #vms: readonly ProblemVm[] = [];

  constructor(random: Random, shape: Shape) {
    this.#random = random;
    this.#shape = shape;
  }

  problem(): Problem {
    const random = this.#random;
    this.#hosts = Array.from({ length: random.int(1, this.#shape.hosts) }, (_, i) => this.#host(i));
    this.#vms = Array.from({ length: random.int(0, this.#shape.vms) }, (_, i) => this.#vm(i));
    const rules =
      this.#vms.length < 2
        ? []
        : Array.from({ length: random.int(0, this.#shape.rules) }, () => this.#rule());
    const plan = random.chance(0.3) ? { plan: { migrationsPerHost: random.int(1, 3) } } : {};
    const problem = { hosts: this.#hosts, vms: this.#vms, rules, objective: "memory", ...plan } as const;
    return { ...problem, rules: rules.map((rule) => withoutBrokenContinuity(rule, problem)) };
  }

  #host(i: number): ProblemHost {
    const random = this.#random;
    return {
      id: `h${i}`,
      capacity: { cpu: random.int(4, 10), memory: random.int(4, 10) },
      online: !random.chance(0.1),
      labels: { rack: `r${i % 2}` },
      ...(random.chance(0.2) ? { concurrency: random.int(1, 3) } : {}),
    };
  }

  #vm(i: number): ProblemVm {
    const random = this.#random;
    const state = random.chance(0.75) ? "running" : random.chance(0.6) ? "waiting" : "sleeping";
    const otherwise = state === "waiting" ? "stopped" : random.pick(["sleeping", "stopped"] as const);
    return {
      id: `v${i}`,
      state,
      desired: random.chance(0.85) ? "running" : (otherwise ?? "stopped"),
      host: state === "waiting" ? null : `h${random.int(0, this.#hosts.length - 1)}`,
      demand: { cpu: random.int(0, 4), memory: random.int(1, 4) },
      ...(random.chance(0.1) ? { pinned: true } : {}),
      ...(random.chance(0.2) ? { suspendable: true } : {}),
    };
  }

  #rule(): Rule {
    const random = this.#random;
    const kind = random.pick(this.#shape.planRules ? [...PLACEMENT, ...PLAN] : PLACEMENT) ?? "spread";
    const strictOnly = ["preserve", "online", ...PLAN].includes(kind);
    return {
      kind,
      ...this.#fields(kind),
      ...(random.chance(0.4) ? { continuous: true } : {}),
      ...(random.chance(0.3) && !strictOnly ? { preferred: { weight: random.int(1, 8) } } : {}),
    } as Rule;
  }

  #fields(kind: Rule["kind"]): object {
    const random = this.#random;
    const level = random.chance(0.3) ? { level: { label: "rack" } } : {};
    switch (kind) {
      case "spread":
      case "gather":
      case "lonely":
        return { vms: this.#someVms(3), ...level };
      case "root":
      case "no-delay":
      case "serialize":
      case "sync":
        return { vms: this.#someVms(3) };
      case "ban":
      case "fence":
        return { vms: this.#someVms(3), hosts: this.#someHosts(4) };
      case "offline":
      case "quarantine":
      case "online":
        return { hosts: this.#someHosts(1) };
      case "preserve":
        return { vms: this.#someVms(2), resource: "cpu", amount: random.int(0, 5) };
      case "overbook":
        return { hosts: this.#someHosts(4), resource: "cpu", numerator: random.int(1, 3), denominator: 2 };
      case "split":
        return { groups: halves(this.#someVms(6)), ...level };
      case "among":
        return { vms: this.#someVms(3), hostGroups: halves(this.#hosts.map((host) => host.id)) };
      case "split-among":
        return { groups: halves(this.#someVms(5)), hostGroups: halves(this.#hosts.map((host) => host.id)) };
      case "running-capacity":
        return { hosts: this.#someHosts(4), max: random.int(0, this.#vms.length) };
      case "resource-capacity":
        return { hosts: this.#someHosts(4), resource: "memory", max: random.int(0, 20) };
      case "max-online":
        return { hosts: this.#someHosts(4), max: random.int(0, this.#hosts.length) };
      case "precedence": {
        const [before, ...after] = this.#someVms(3);
        return { before: [before], after };
      }
      case "deadline":
        return { vms: this.#someVms(2), atMs: 1020 * random.int(0, 5) };
    }
  }

  #someVms(most: number): readonly string[] {
    const ids = this.#vms.map((vm) => vm.id);
    return this.#random.shuffle(ids).slice(0, this.#random.int(1, most));
  }

  #someHosts(most: number): readonly string[] {
    const ids = this.#hosts.map((host) => host.id);
    return this.#random.shuffle(ids).slice(0, this.#random.int(1, most));
  }
}

const halves = (ids: readonly string[]): readonly (readonly string[])[] =>
  [ids.filter((_, i) => i % 2 === 0), ids.filter((_, i) => i % 2 === 1)].filter((half) => half.length > 0);

/** "At every instant" means nothing for a rule that is broken at the start: those become discrete. */
function withoutBrokenContinuity(rule: Rule, problem: Problem): Rule {
  const now = new Map(
    problem.vms.flatMap((vm) => (vm.state === "running" ? [[vm.id, vm.host as string]] : [])),
  );
  if (rule.continuous !== true || holds(rule, problem, now)) return rule;
  const { continuous: _, ...discrete } = rule;
  return discrete as Rule;
}
