/**
 * Counting proofs. For a threshold t, a host of capacity c holds at most ⌊c/t⌋ VMs that demand t or more of a resource;
 * more such VMs than places is infeasible, however well the total fits. Every distinct demand is a threshold, and
 * so are the demands of the VMs confined to each domain, on its hosts alone.
 */
import { type Bits, hasBit } from "./bits.ts";
import { type Dense, FATE } from "./dense.ts";
import type { Explanation } from "./solution.ts";

/** Thresholds looked at per resource and domain, the largest demands first: places grow as thresholds fall. */
const MOST_THRESHOLDS = 200;

/** Empty: nothing was proved. */
export function pigeonholeProof(dense: Dense): readonly Explanation[] {
  const everywhere = standing(dense).filter((vm) => dense.fixed[vm] === 0 || dense.home[vm] !== -1);
  const open = [...Array(dense.hostCount).keys()].filter((host) => dense.closed[host] === 0);
  return [
    ...countAll(dense, everywhere, open),
    ...domains(dense).flatMap(({ vms, hosts }) => [
      ...sumAll(dense, vms, hosts),
      ...countAll(dense, vms, hosts),
    ]),
  ].slice(0, 1);
}

const standing = (dense: Dense): number[] =>
  [...Array(dense.vmCount).keys()].filter((vm) => dense.fate[vm] === FATE.stands);

/** The distinct domains, with the VMs confined to each, or to a part of it. */
function domains(dense: Dense): { vms: number[]; hosts: number[] }[] {
  const used = new Map<number, number[]>();
  for (const vm of standing(dense)) {
    const domain = dense.domainOf[vm] as number;
    if (domain >= 0) used.set(domain, [...(used.get(domain) ?? []), vm]);
  }
  if (used.size > MOST_THRESHOLDS) return [];
  return [...used.keys()].map((domain) => {
    const bits = dense.domains[domain] as Bits;
    const inside = [...used]
      .filter(([other]) => within(dense.domains[other] as Bits, bits))
      .flatMap(([, vms]) => vms);
    const hosts = [...Array(dense.hostCount).keys()].filter(
      (host) => hasBit(bits, host) && dense.closed[host] === 0,
    );
    return { vms: inside, hosts };
  });
}

const within = (part: Bits, whole: Bits): boolean =>
  part.every((word, i) => (word & ~(whole[i] as number)) === 0);

function sumAll(dense: Dense, vms: readonly number[], hosts: readonly number[]): readonly Explanation[] {
  return dense.resources.flatMap((resource, r): Explanation[] => {
    const needed = vms.reduce((sum, vm) => sum + (dense.demand[vm * dense.width + r] as number), 0);
    const available = hosts.reduce((sum, host) => sum + (dense.room[host * dense.width + r] as number), 0);
    const ids = hosts.map((host) => dense.hostId(host));
    return needed > available ? [{ kind: "shortage", resource, hosts: ids, needed, available }] : [];
  });
}

function countAll(dense: Dense, vms: readonly number[], hosts: readonly number[]): readonly Explanation[] {
  return dense.resources.flatMap((resource, r) => {
    const sorted = [...vms].sort((a, b) => demandOf(dense, b, r) - demandOf(dense, a, r) || a - b);
    const rooms = roomsBySize(dense, hosts, r);
    let last = -1;
    let thresholds = 0;
    for (let count = sorted.length > 0 ? 1 : 0; count > 0 && count <= sorted.length; count++) {
      const threshold = demandOf(dense, sorted[count - 1] as number, r);
      const next = count < sorted.length ? demandOf(dense, sorted[count] as number, r) : -1;
      if (threshold === 0 || thresholds > MOST_THRESHOLDS) break;
      if (next === threshold || threshold === last) continue;
      last = threshold;
      thresholds++;
      const places = rooms.reduce((sum, { room, hosts: n }) => sum + n * Math.floor(room / threshold), 0);
      if (count > places) return [explain(dense, sorted.slice(0, count), hosts, resource, threshold, places)];
    }
    return [];
  });
}

const demandOf = (dense: Dense, vm: number, r: number): number =>
  dense.demand[vm * dense.width + r] as number;

function roomsBySize(dense: Dense, hosts: readonly number[], r: number): { room: number; hosts: number }[] {
  const sizes = new Map<number, number>();
  for (const host of hosts) {
    const room = dense.room[host * dense.width + r] as number;
    sizes.set(room, (sizes.get(room) ?? 0) + 1);
  }
  return [...sizes].map(([room, count]) => ({ room, hosts: count }));
}

function explain(
  dense: Dense,
  vms: readonly number[],
  hosts: readonly number[],
  resource: string,
  threshold: number,
  places: number,
): Explanation {
  return {
    kind: "rule",
    rules: [],
    vms: vms.map((vm) => dense.vmId(vm)),
    hosts: hosts.map((host) => dense.hostId(host)),
    why: `${vms.length} VMs need ${threshold} ${resource} or more each; the hosts have ${places} places of that size`,
  };
}
