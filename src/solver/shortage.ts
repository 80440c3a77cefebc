/**
 * Quick proofs that nothing can be done: a VM larger than any host it may use, a VM that no host may take, or none
 * beside those that may not leave it, more demand than capacity in one resource. Each is a relaxation, so what it says
 * holds whatever the order.
 */
import type { Assignment } from "./assignment.ts";
import type { HomeBound } from "./bound.ts";
import type { Dense } from "./dense.ts";
import { absoluteObstacle } from "./obstacles.ts";
import { planProofs } from "./plan-proofs.ts";
import type { Explanation } from "./solution.ts";

/** @param start everyone at home; `homes`: where something is wrong. Empty: nothing was proved. */
export function quickProofs(
  dense: Dense,
  start: Assignment,
  homes: readonly HomeBound[],
): readonly Explanation[] {
  const arriving = dense.arriving();
  const suspects = [...homes.flatMap(({ host }) => start.vmsOn(host)), ...arriving];
  const rooted = dense.fixed.includes(1);
  const proofs = [
    () => darkHosts(dense),
    () =>
      suspects
        .filter((vm) => !someHostTakes(dense, vm))
        .map((vm) => tooLarge(dense, vm) ?? noHost(dense, vm)),
    () => (rooted ? homes.flatMap(({ host }) => rootedShortages(dense, start, host)) : []),
    () => (rooted ? besideRooted(dense, start, suspects) : []),
    () => totalShortages(dense, start, arriving),
    () => planProofs(dense, homes),
  ];
  for (const prove of proofs) {
    const found = prove();
    if (found.length > 0) return found;
  }
  return [];
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

/** What those who may not leave the host need, where that alone is too much. */
function rootedShortages(dense: Dense, start: Assignment, host: number): readonly Explanation[] {
  const rooted = start.vmsOn(host).filter((vm) => dense.fixed[vm] === 1);
  return dense.resources.flatMap((resource, r): Explanation[] => {
    const needed = rooted.reduce((sum, vm) => sum + (dense.demand[vm * dense.width + r] as number), 0);
    const available = dense.room[host * dense.width + r] as number;
    return needed > available
      ? [{ kind: "shortage", resource, hosts: [dense.hostId(host)], needed, available }]
      : [];
  });
}

function totalShortages(
  dense: Dense,
  start: Assignment,
  arriving: readonly number[],
): readonly Explanation[] {
  return dense.resources.flatMap((resource, r): Explanation[] => {
    let needed = arriving.reduce((sum, vm) => sum + (dense.demand[vm * dense.width + r] as number), 0);
    let available = 0;
    for (let host = 0; host < dense.hostCount; host++) {
      needed += start.load[host * dense.width + r] as number;
      if (dense.closed[host] === 0) available += dense.room[host * dense.width + r] as number;
    }
    if (needed <= available) return [];
    const open = [...Array(dense.hostCount).keys()].filter((host) => dense.closed[host] === 0);
    return [{ kind: "shortage", resource, hosts: open.map((host) => dense.hostId(host)), needed, available }];
  });
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

/** VMs that no host can take, as it may not be rid of those that are fixed there. */
function besideRooted(dense: Dense, start: Assignment, suspects: readonly number[]): readonly Explanation[] {
  const hosts = [...Array(dense.hostCount).keys()];
  const left = hosts.map((host) => roomBesideRooted(dense, start, host));
  const fitsBeside = (vm: number, host: number) =>
    takes(dense, vm, host) && lackBeside(dense, vm, left[host] ?? []) === null;
  return suspects
    .filter((vm) => dense.fixed[vm] === 0 && !hosts.some((host) => fitsBeside(vm, host)))
    .map((vm) => {
      const verdicts = hosts.map((host) => ({
        host: dense.hostId(host),
        why: takes(dense, vm, host)
          ? (lackBeside(dense, vm, left[host] ?? []) ?? "")
          : (absoluteObstacle(dense, vm, host) ?? "it may not enter it"),
      }));
      return { kind: "no-host", vms: [dense.vmId(vm)], hosts: verdicts };
    });
}

function roomBesideRooted(dense: Dense, start: Assignment, host: number): readonly number[] {
  const rooted = start.vmsOn(host).filter((vm) => dense.fixed[vm] === 1);
  return dense.resources.map((_, r) =>
    rooted.reduce(
      (room, vm) => room - (dense.demand[vm * dense.width + r] as number),
      dense.room[host * dense.width + r] as number,
    ),
  );
}

/** What the VM lacks on a host beside those that stay there whatever else moves; null: nothing. */
function lackBeside(dense: Dense, vm: number, left: readonly number[]): string | null {
  for (let r = 0; r < dense.width; r++) {
    const needed = dense.demand[vm * dense.width + r] as number;
    const room = left[r] as number;
    if (needed > 0 && needed > room)
      return `it needs ${needed} ${dense.resources[r]}, beside what stays there the host has ${Math.max(0, room)}`;
  }
  return null;
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
    why: absoluteObstacle(dense, vm, host) ?? "",
  }));
  return { kind: "no-host", vms: [dense.vmId(vm)], hosts };
}
