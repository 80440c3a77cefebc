/**
 * Proof that no order exists. Let everything that could ever leave its host leave at once, growing the set as far as
 * it goes: a VM could leave when some host it may enter would then have room for it (or when it may be suspended).
 * This relaxes every order, so a VM that must leave and is never in the set stays for ever.
 */

import type { HomeBound } from "./bound.ts";
import { type Dense, FATE } from "./dense.ts";
import type { Explanation } from "./solution.ts";

/** @param load at the start. Empty: nothing was proved. */
export function orderProof(
  dense: Dense,
  load: Float64Array,
  homes: readonly HomeBound[],
): readonly Explanation[] {
  const free = freeable(dense, load);
  const stuck = homes.flatMap(({ forced }) => forced.filter((vm) => free[vm] === 0));
  if (stuck.length > 0) return [explain(dense, stuck)];
  for (const home of homes) {
    const pinned = overfullWithout(dense, load, home.host, free);
    if (pinned !== null) return [explain(dense, pinned)];
  }
  return [];
}

function explain(dense: Dense, vms: readonly number[]): Explanation {
  const cycle = vms.map((vm) => dense.vmId(vm));
  const why = "none of them can ever leave its host: no host they may enter gets room, whatever moves first";
  return { kind: "no-order", cycle, why };
}

/** 1: the VM could leave its host some time. */
function freeable(dense: Dense, start: Float64Array): Uint8Array {
  const free = new Uint8Array(dense.vmCount);
  const load = start.slice();
  const pending: number[] = [];
  for (let vm = 0; vm < dense.vmCount; vm++) {
    if (dense.home[vm] === -1) continue;
    if (dense.fate[vm] === FATE.leaves || (dense.suspendable[vm] === 1 && dense.fixed[vm] === 0))
      release(dense, load, free, vm);
    else if (dense.fixed[vm] === 0) pending.push(vm);
  }
  for (let grown = true; grown; ) {
    grown = false;
    for (const vm of pending) {
      if (free[vm] === 1 || !hasSomewhere(dense, load, vm)) continue;
      release(dense, load, free, vm);
      grown = true;
    }
  }
  return free;
}

function release(dense: Dense, load: Float64Array, free: Uint8Array, vm: number): void {
  free[vm] = 1;
  const { width, held, home } = dense;
  for (let r = 0; r < width; r++) {
    const cell = (home[vm] as number) * width + r;
    load[cell] = (load[cell] as number) - (held[vm * width + r] as number);
  }
}

function hasSomewhere(dense: Dense, load: Float64Array, vm: number): boolean {
  const { width, ceiling, demand, home, hostCount } = dense;
  for (let host = 0; host < hostCount; host++) {
    if (host === home[vm] || !dense.mayEnter(vm, host)) continue;
    let fits = true;
    for (let r = 0; r < width && fits; r++) {
      const wanted = demand[vm * width + r] as number;
      fits =
        wanted === 0 || (load[host * width + r] as number) + wanted <= (ceiling[host * width + r] as number);
    }
    if (fits) return true;
  }
  return false;
}

/** The VMs that cannot leave, when they alone are too much for the host; else null. */
function overfullWithout(
  dense: Dense,
  load: Float64Array,
  host: number,
  free: Uint8Array,
): readonly number[] | null {
  const { width, room, demand, home, vmCount } = dense;
  const staying = load.slice(host * width, (host + 1) * width).fill(0);
  const vms: number[] = [];
  for (let vm = 0; vm < vmCount; vm++) {
    if (home[vm] !== host || free[vm] === 1 || dense.fate[vm] !== FATE.stands) continue;
    vms.push(vm);
    for (let r = 0; r < width; r++) staying[r] = (staying[r] as number) + (demand[vm * width + r] as number);
  }
  return staying.some((amount, r) => amount > (room[host * width + r] as number)) ? vms : null;
}
