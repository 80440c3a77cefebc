/**
 * Absolute rules (about one VM and fixed hosts) are injected before the search, as narrower domains, raised
 * demands and changed capacities; relative ones (about several VMs) are `constraints/`.
 */
import { present } from "../lib/assert.ts";
import type { PlacementRule, Rule } from "../model/constraint.ts";
import { type Bits, complement, intersection, noBits, setBit } from "./bits.ts";
import type { Dense } from "./dense.ts";

/** Compiles the strict absolute rules into `dense`. */
export function injectAbsoluteRules(dense: Dense): void {
  for (const rule of dense.problem.rules) if (rule.preferred === undefined) inject(dense, rule);
}

function inject(dense: Dense, rule: Rule): void {
  if (rule.kind === "ban") confine(dense, rule, complement(hostBits(dense, rule.hosts), dense.hostCount));
  if (rule.kind === "fence") confine(dense, rule, hostBits(dense, rule.hosts));
  if (rule.kind === "root") root(dense, dense.vmsOf(rule.vms));
  if (rule.kind === "offline") empty(dense, dense.hostsOf(rule.hosts));
  if (rule.kind === "quarantine") quarantine(dense, dense.hostsOf(rule.hosts));
  if (rule.kind === "preserve") preserve(dense, rule);
  if (rule.kind === "overbook") overbook(dense, rule);
}

function root(dense: Dense, vms: readonly number[]): void {
  for (const v of vms) if (dense.home[v] !== -1) dense.fixed[v] = 1;
}

function empty(dense: Dense, hosts: readonly number[]): void {
  for (const h of hosts) {
    dense.shut[h] = 1;
    dense.closed[h] = 1;
  }
}

function confine(dense: Dense, rule: Extract<PlacementRule, { kind: "ban" | "fence" }>, allowed: Bits): void {
  const vms = dense.vmsOf(rule.vms);
  narrow(dense, dense.domainOf, vms, allowed);
  if (rule.continuous === true) narrow(dense, dense.passageOf, vms, allowed);
}

/** Intersects the VMs' domains with `allowed`; equal domains stay shared. */
function narrow(dense: Dense, domainOf: Int32Array, vms: readonly number[], allowed: Bits): void {
  const fresh = dense.domains.push(allowed) - 1;
  const narrowed = new Map<number, number>([[-1, fresh]]);
  for (const v of vms) {
    const old = domainOf[v] as number;
    let index = narrowed.get(old);
    if (index === undefined) {
      index = dense.domains.push(intersection(dense.domains[old] as Bits, allowed)) - 1;
      narrowed.set(old, index);
      narrowed.set(index, index);
    }
    domainOf[v] = index;
  }
}

function hostBits(dense: Dense, ids: readonly string[]): Bits {
  const bits = noBits(dense.hostCount);
  for (const h of dense.hostsOf(ids)) setBit(bits, h);
  return bits;
}

/** Nothing leaves a quarantined host, nothing enters it. */
function quarantine(dense: Dense, hosts: readonly number[]): void {
  const sealed = noBits(dense.hostCount);
  const inside = new Set(hosts);
  for (const h of hosts) {
    setBit(sealed, h);
    dense.shut[h] = 1;
  }
  const outsiders: number[] = [];
  for (let v = 0; v < dense.vmCount; v++) {
    if (inside.has(dense.home[v] as number)) dense.fixed[v] = 1;
    else outsiders.push(v);
  }
  narrow(dense, dense.domainOf, outsiders, complement(sealed, dense.hostCount));
}

function preserve(dense: Dense, rule: Extract<PlacementRule, { kind: "preserve" }>): void {
  dense.grows = true;
  const r = dense.resources.indexOf(rule.resource);
  for (const v of dense.vmsOf(rule.vms)) {
    const at = v * dense.width + r;
    dense.demand[at] = Math.max(dense.demand[at] as number, rule.amount);
  }
}

/** Below 1 the ratio is a margin that binds at the end; above 1 it lends room from the start. */
function overbook(dense: Dense, rule: Extract<PlacementRule, { kind: "overbook" }>): void {
  const r = dense.resources.indexOf(rule.resource);
  for (const h of dense.hostsOf(rule.hosts)) {
    const at = h * dense.width + r;
    const physical = present(dense.problem.hosts[h], "host").capacity[rule.resource] ?? 0;
    const virtual = Math.floor((physical * rule.numerator) / rule.denominator);
    dense.room[at] = virtual;
    dense.ceiling[at] = rule.continuous === true ? virtual : Math.max(physical, virtual);
  }
}
