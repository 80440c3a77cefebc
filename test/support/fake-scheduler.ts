/**
 * Places waiting VMs as the partition scheduler would be seen to by a tracker: it books hosts, has each VM assigned,
 * orders it started under the booking's token, releases, and tells how it ended; and it migrates. Orders get lost or
 * come late.
 */
import type { Domain } from "../../src/hypervisor/domain.ts";
import { AssertionError } from "../../src/lib/assert.ts";
import type { Millis } from "../../src/lib/instant.ts";
import type { Random } from "../../src/lib/random.ts";
import type { NodeId } from "../../src/model/node.ts";
import type { VmId } from "../../src/model/virtual-machine.ts";
import type { WaitingVm } from "../../src/vet/dependencies.ts";
import type { VirtualEnvironmentsTracker } from "../../src/vet/vet.ts";
import { copy, domainOf } from "./domains.ts";
import type { VetWorld, WorldNode } from "./vet-world.ts";

export interface Arrival {
  readonly vms: readonly WaitingVm[];
}

const BOOKING_MS: Millis = 4000;

export class FakeScheduler {
  readonly #world: VetWorld;
  readonly #random: Random;
  /** Orders to start that may still be carried out: `vm` → host and booking token. */
  readonly #orders = new Map<VmId, { readonly host: NodeId; readonly token: number }[]>();

  constructor(world: VetWorld, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  raise(node: WorldNode, vms: readonly WaitingVm[]): string {
    const event = `${node.id}/arrival/${node.life}.${this.#world.next()}`;
    node.arrivals.set(event, { vms: copy(vms) });
    this.#world.in(node, this.#random.int(20, 500), () => this.#plan(node, event));
    return event;
  }

  /** One try: books hosts, has the VMs assigned, orders them started, tells how it ended. */
  #plan(node: WorldNode, event: string): void {
    const arrival = node.arrivals.get(event);
    if (arrival === undefined) return;
    const { room, final } = this.#world;
    if (!room) return this.#planEnded(node, event, { kind: "no-plan", final, reason: "no room" }, true);
    const done = new Set<VmId>();
    const tokens = arrival.vms.map(({ spec, stamp }) => {
      const host = this.#target();
      if (host === null) return null;
      const token = this.#book(host);
      this.#world.in(node, this.#random.int(1, 40), () =>
        this.#assign(node, event, { spec, stamp }, host, token, done),
      );
      return { host, token };
    });
    this.#world.in(node, this.#random.int(200, 2 * BOOKING_MS), () => {
      for (const each of tokens) if (each !== null) this.#release(node, each.host, each.token);
      const solved = arrival.vms.every(({ spec }) => done.has(spec.id));
      if (!node.arrivals.has(event)) return;
      if (solved) this.#planEnded(node, event, { kind: "solved" }, false);
      else this.#planEnded(node, event, { kind: "interrupted", reason: "an order failed" }, true);
    });
  }

  #planEnded(
    node: WorldNode,
    event: string,
    outcome: Parameters<VirtualEnvironmentsTracker["eventEnded"]>[1],
    retry: boolean,
  ): void {
    if (!retry) node.arrivals.delete(event);
    else this.#world.in(node, this.#random.int(500, 3000), () => this.#plan(node, event));
    this.#world.step(node, (turn) => void node.tracker.eventEnded(event, outcome, retry, turn));
  }

  #target(): WorldNode | null {
    const able = [...this.#world.nodes.values()].filter((host) => host.up && host.listed && !host.draining);
    const wanted = able.find(({ id }) => id === this.#world.prefer) ?? this.#random.pick(able) ?? null;
    return wanted?.booking === null ? wanted : null;
  }

  #book(host: WorldNode): number {
    const token = this.#world.next();
    host.booking = token;
    this.#world.later(BOOKING_MS, () => {
      if (host.booking === token) host.booking = null;
    });
    return token;
  }

  #release(node: WorldNode, host: WorldNode, token: number): void {
    this.#world.transmit(node.id, host.id, () => {
      if (host.booking === token) host.booking = null;
    });
  }

  #assign(
    node: WorldNode,
    event: string,
    vm: Pick<WaitingVm, "spec" | "stamp">,
    host: WorldNode,
    token: number,
    done: Set<VmId>,
  ): void {
    const { id } = vm.spec;
    this.#world.step(node, (turn) => {
      const after = node.tracker.assign(event, id, host.id, turn);
      if (after === null) return;
      this.safeToAssign(id, host.id);
      const begins = (): void => {
        this.#orders.set(id, [...(this.#orders.get(id) ?? []), { host: host.id, token }]);
        this.#world.transmit(node.id, host.id, () => {
          if (host.booking !== token || host.domains.has(id) || this.#random.chance(this.#world.lostOrders))
            return;
          this.#world.starts.push({ vm: id, host: host.id });
          const { name, cpus, memory } = vm.spec;
          host.domains.set(id, { ...domainOf(id, name, cpus, memory), stamp: vm.stamp });
          done.add(id);
          this.#world.inventory(host);
        });
      };
      this.#world.when(node, after, begins);
    });
  }

  /** The heart of the matter (`host` null: it is called gone): the VM runs nowhere else, and no earlier order can still start it elsewhere. */
  safeToAssign(vm: VmId, host: NodeId | null): void {
    const what = host === null ? "was called gone" : `was assigned to ${host}`;
    const at = this.#world.hostOf(vm);
    if (at !== null && at !== host) throw new AssertionError(`${vm} runs on ${at} and ${what}`);
    for (const order of this.#orders.get(vm) ?? []) {
      const open = order.host !== host && this.#world.node(order.host).booking === order.token;
      if (open) throw new AssertionError(`${vm} may start on ${order.host} and ${what}`);
    }
    const coming = this.#world.ids.find((id) => id !== host && this.#world.node(id).incoming.has(vm));
    if (coming !== undefined) throw new AssertionError(`${vm} is arriving at ${coming} and ${what}`);
  }

  /** Moves a guest live; its hosts are booked meanwhile. */
  migrate(vm: VmId, to: NodeId, fails: boolean): boolean {
    const from = this.#world.hostOf(vm);
    if (from === null || from === to) return false;
    const [source, destination] = [this.#world.node(from), this.#world.node(to)];
    if (source.domains.get(vm)?.job !== "none") return false;
    if (!source.up || !destination.up || source.booking !== null || destination.booking !== null)
      return false;
    const token = this.#world.next();
    source.booking = token;
    destination.booking = token;
    destination.incoming.add(vm);
    source.tracker.onLeaving(vm);
    this.#job(source, vm, "migrating-out");
    this.#world.later(this.#random.int(200, 3000), () =>
      this.#migrated(vm, source, destination, token, fails),
    );
    return true;
  }

  #migrated(vm: VmId, source: WorldNode, destination: WorldNode, token: number, fails: boolean): void {
    const domain = source.domains.get(vm);
    const goes = !fails && domain !== undefined && destination.incoming.has(vm);
    if (goes) {
      destination.domains.set(vm, { ...domain, job: "none" });
      source.domains.delete(vm);
      this.#world.inventory(source);
      this.#world.inventory(destination);
    } else {
      this.#job(source, vm, "none");
      source.tracker.onStaying(vm);
    }
    destination.incoming.delete(vm);
    for (const node of [source, destination]) if (node.booking === token) node.booking = null;
  }

  #job(node: WorldNode, vm: VmId, job: Domain["job"]): void {
    const domain = node.domains.get(vm);
    if (domain !== undefined) node.domains.set(vm, { ...domain, job });
  }
}
