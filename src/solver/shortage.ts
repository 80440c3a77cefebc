/**
 * Quick proofs that nothing can be done: a VM larger than any host it may use, a VM that no host may take, more
 * demand than capacity in one resource. Each is a relaxation, so what it says holds whatever the order.
 */
import { type Dense, FATE } from "./dense.ts";
import type { Explanation } from "./solution.ts";

/** Empty: nothing was proved. */
export function quickProofs(dense: Dense): readonly Explanation[] {
  const dark = darkHosts(dense);
  if (dark.length > 0) return dark;
  const homeless = homelessVms(dense);
  if (homeless.length > 0) return homeless;
  const rooted = rootedShortages(dense);
  return rooted.length > 0 ? rooted : totalShortages(dense);
}

/** Hosts that must be online and are not: no action here boots a host. */
function darkHosts(dense: Dense): readonly Explanation[] {
  return dense.problem.rules.flatMap((rule, index): Explanation[] => {
    if (rule.kind !== "online") return [];
    const hosts = rule.hosts.filter(
      (id) => dense.problem.hosts[dense.hostIndex.get(id) as number]?.online === false,
    );
    const why = "the hosts are offline, and no action boots a host";
    return hosts.length > 0 ? [{ kind: "rule", rules: [index], vms: [], hosts, why }] : [];
  });
}

/** Hosts that those who may not leave fill alone. */
function rootedShortages(dense: Dense): readonly Explanation[] {
  const { width, room, demand } = dense;
  const load = new Float64Array(room.length);
  for (let v = 0; v < dense.vmCount; v++) {
    const home = dense.home[v] as number;
    if (dense.fixed[v] === 0 || home < 0 || dense.fate[v] !== FATE.stands) continue;
    for (let r = 0; r < width; r++) {
      load[home * width + r] = (load[home * width + r] as number) + (demand[v * width + r] as number);
    }
  }
  const found: Explanation[] = [];
  load.forEach((needed, cell) => {
    const available = room[cell] as number;
    if (needed <= available) return;
    const hosts = [dense.hostId(Math.floor(cell / width))];
    found.push({
      kind: "shortage",
      resource: dense.resources[cell % width] as string,
      hosts,
      needed,
      available,
    });
  });
  return found;
}

function totalShortages(dense: Dense): readonly Explanation[] {
  const open = [...Array(dense.hostCount).keys()].filter((host) => dense.closed[host] === 0);
  const hosts = open.map((host) => dense.hostId(host));
  return dense.resources.flatMap((resource, r): Explanation[] => {
    const available = open.reduce((sum, host) => sum + (dense.room[host * dense.width + r] as number), 0);
    let needed = 0;
    for (let v = 0; v < dense.vmCount; v++) {
      if (dense.fate[v] === FATE.stands) needed += dense.demand[v * dense.width + r] as number;
    }
    return needed > available ? [{ kind: "shortage", resource, hosts, needed, available }] : [];
  });
}

function homelessVms(dense: Dense): readonly Explanation[] {
  const found: Explanation[] = [];
  for (let v = 0; v < dense.vmCount; v++) {
    if (dense.fate[v] !== FATE.stands || someHostTakes(dense, v)) continue;
    found.push(tooLarge(dense, v) ?? noHost(dense, v));
  }
  return found;
}

function someHostTakes(dense: Dense, vm: number): boolean {
  const home = dense.home[vm] as number;
  if (home >= 0 && takes(dense, vm, home)) return true;
  for (let host = 0; host < dense.hostCount; host++) if (takes(dense, vm, host)) return true;
  return false;
}

function takes(dense: Dense, vm: number, host: number): boolean {
  if (!dense.mayEnd(vm, host) || (host !== dense.home[vm] && !dense.mayEnter(vm, host))) return false;
  for (let r = 0; r < dense.width; r++) {
    if ((dense.demand[vm * dense.width + r] as number) > (dense.room[host * dense.width + r] as number))
      return false;
  }
  return true;
}

/** The resource in which even the largest host is too small. */
function tooLarge(dense: Dense, vm: number): Explanation | null {
  for (const [r, resource] of dense.resources.entries()) {
    const needed = dense.demand[vm * dense.width + r] as number;
    let largest = 0;
    for (let host = 0; host < dense.hostCount; host++) {
      largest = Math.max(largest, dense.room[host * dense.width + r] as number);
    }
    if (needed > largest) return { kind: "too-large", vm: dense.vmId(vm), resource, needed, largest };
  }
  return null;
}

function noHost(dense: Dense, vm: number): Explanation {
  const hosts = [...Array(dense.hostCount).keys()].map((host) => ({
    host: dense.hostId(host),
    why: obstacle(dense, vm, host),
  }));
  return { kind: "no-host", vms: [dense.vmId(vm)], hosts };
}

/** Why this VM cannot end on this host, whatever the others do. */
function obstacle(dense: Dense, vm: number, host: number): string {
  if (dense.problem.hosts[host]?.online === false) return "the host is offline";
  if (dense.closed[host] === 1) return "the host is to be emptied";
  if (dense.fixed[vm] === 1 && dense.home[vm] !== host) return "the VM may not be moved";
  if (!dense.mayEnd(vm, host)) return "a rule forbids it";
  if (dense.shut[host] === 1) return "nothing may enter the host";
  const r = dense.resources.findIndex(
    (_, i) => (dense.demand[vm * dense.width + i] as number) > (dense.room[host * dense.width + i] as number),
  );
  const needed = dense.demand[vm * dense.width + r];
  return `it needs ${needed} ${dense.resources[r]}, the host has ${dense.room[host * dense.width + r]}`;
}
