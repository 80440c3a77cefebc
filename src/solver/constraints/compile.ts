import type { Level, PlacementRule, Rule } from "../../model/constraint.ts";
import { type Dense, FATE } from "../dense.ts";
import { Apart, numberedGroups } from "./apart.ts";
import { Compound } from "./compound.ts";
import type { Constraint, Places } from "./constraint.ts";
import { Gather } from "./gather.ts";
import { Occupancy } from "./occupancy.ts";
import { Quota } from "./quota.ts";
import { type Spots, spotsAt, spotsOfGroups } from "./spots.ts";
import { Spread } from "./spread.ts";
import { Wish } from "./wish.ts";

/** The relative rules, and the preferred absolute ones, ready to follow the VMs that count (those that stay). */
export function compileConstraints(
  dense: Dense,
  places: Places,
  counts: (vm: number) => boolean = (vm) => dense.fate[vm] === FATE.stands,
): readonly Constraint[] {
  const compiler = new Compiler(dense, places, counts);
  const rules = dense.problem.rules
    .map((rule, index) => compiler.compile(rule, index))
    .filter((constraint) => constraint !== null);
  return dense.problem.objective === "hosts" ? [...rules, ...emptyHosts(dense)] : rules;
}

/** The objective to use few hosts, as a preference to leave each of them. */
function emptyHosts(dense: Dense): readonly Constraint[] {
  const open = [...Array(dense.hostCount).keys()].filter((host) => dense.closed[host] === 0);
  const weight = dense.hostWeight;
  return open.map((host) => new Wish(-1, weight, { vms: [], hosts: [host] }, () => true));
}

class Compiler {
  readonly #dense: Dense;
  readonly #places: Places;
  readonly #counts: (vm: number) => boolean;
  /** By label; null: the hosts themselves. */
  readonly #spots = new Map<string | null, Spots>();

  constructor(dense: Dense, places: Places, counts: (vm: number) => boolean) {
    this.#dense = dense;
    this.#places = places;
    this.#counts = counts;
  }

  /** Null: the rule is absolute and strict, or about the plan. */
  compile(rule: Rule, index: number): Constraint | null {
    const weight = rule.preferred?.weight ?? 0;
    switch (rule.kind) {
      case "spread":
        return new Spread(index, weight, this.#standing(rule.vms), this.#spotsAt(rule.level), this.#places);
      case "gather":
        return this.#gather(index, weight, rule.vms, this.#spotsAt(rule.level));
      case "among":
        return this.#gather(index, weight, rule.vms, spotsOfGroups(this.#dense, rule.hostGroups));
      case "lonely":
        return this.#lonely(rule, index, weight);
      case "split":
        return this.#split(index, weight, rule.groups, this.#spotsAt(rule.level));
      case "split-among":
        return this.#splitAmong(rule, index, weight);
      case "running-capacity":
        return new Quota(index, weight, this.#dense.hostsOf(rule.hosts), rule.max, () => 1);
      case "resource-capacity":
        return this.#quota(index, weight, rule.hosts, rule.resource, rule.max);
      case "max-online":
        return new Occupancy(index, weight, this.#dense.hostsOf(rule.hosts), rule.max);
      default:
        return weight > 0 ? this.#preferred(rule, index, weight) : null;
    }
  }

  /** Shared by all rules of the level. */
  #spotsAt(level: Level | undefined): Spots {
    const label = level === undefined || level === "host" ? null : level.label;
    const spots = this.#spots.get(label) ?? spotsAt(this.#dense, level);
    this.#spots.set(label, spots);
    return spots;
  }

  #standing(ids: readonly string[]): number[] {
    return this.#dense.vmsOf(ids).filter(this.#counts);
  }

  #gather(index: number, weight: number, vms: readonly string[], spots: Spots): Constraint {
    return new Gather(index, weight, this.#standing(vms), spots, this.#places);
  }

  #lonely(rule: PlacementRule & { kind: "lonely" }, index: number, weight: number): Constraint {
    const groups = numberedGroups([this.#dense.vmsOf(rule.vms)]);
    const hosts = [...Array(this.#dense.hostCount).keys()];
    return new Apart(index, weight, { vms: [], hosts }, groups, this.#spotsAt(rule.level));
  }

  #split(index: number, weight: number, groups: readonly (readonly string[])[], spots: Spots): Constraint {
    const members = groups.map((vms) => this.#standing(vms));
    return new Apart(index, weight, { vms: members.flat() }, numberedGroups(members), spots);
  }

  #splitAmong(rule: PlacementRule & { kind: "split-among" }, index: number, weight: number): Constraint {
    const spots = spotsOfGroups(this.#dense, rule.hostGroups);
    const together = rule.groups.map((vms) => this.#gather(index, weight, vms, spots));
    return new Compound(index, weight, [...together, this.#split(index, weight, rule.groups, spots)]);
  }

  #quota(index: number, weight: number, hosts: readonly string[], resource: string, max: number): Constraint {
    const { resources, width, demand } = this.#dense;
    const r = resources.indexOf(resource);
    return new Quota(
      index,
      weight,
      this.#dense.hostsOf(hosts),
      max,
      (vm) => demand[vm * width + r] as number,
    );
  }

  #preferred(rule: Rule, index: number, weight: number): Constraint | null {
    const { home } = this.#dense;
    switch (rule.kind) {
      case "ban":
      case "fence": {
        const hosts = new Set(this.#dense.hostsOf(rule.hosts));
        const vms = this.#standing(rule.vms);
        return new Wish(index, weight, { vms }, (_, host) => hosts.has(host) === (rule.kind === "ban"));
      }
      case "root": {
        const vms = this.#standing(rule.vms).filter((vm) => home[vm] !== -1);
        return new Wish(index, weight, { vms }, (vm, host) => host !== home[vm]);
      }
      case "offline":
        return new Wish(index, weight, { vms: [], hosts: this.#dense.hostsOf(rule.hosts) }, () => true);
      case "quarantine":
        return this.#quarantine(this.#dense.hostsOf(rule.hosts), index, weight);
      case "overbook":
        return this.#margin(rule, index, weight);
      default:
        return null;
    }
  }

  /** Heard on every host: those from inside should be where they were, the others not inside. */
  #quarantine(sealed: readonly number[], index: number, weight: number): Constraint {
    const { home, hostCount } = this.#dense;
    const inside = new Set(sealed);
    const hosts = [...Array(hostCount).keys()];
    return new Wish(index, weight, { vms: [], hosts }, (vm, host) => {
      return host !== home[vm] && (inside.has(host) || inside.has(home[vm] as number));
    });
  }

  #margin(rule: PlacementRule & { kind: "overbook" }, index: number, weight: number): Constraint {
    const parts = rule.hosts.map((id) => {
      const physical =
        this.#dense.problem.hosts[this.#dense.hostsOf([id])[0] as number]?.capacity[rule.resource] ?? 0;
      const virtual = Math.floor((physical * rule.numerator) / rule.denominator);
      return this.#quota(index, weight, [id], rule.resource, virtual);
    });
    return new Compound(index, weight, parts);
  }
}
