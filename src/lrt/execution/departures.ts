import type { Instant, Millis } from "../../lib/instant.ts";
import { byText } from "../../lib/order.ts";
import { DEPARTURES_REMEMBERED } from "../../model/bounds.ts";
import type { NodeId } from "../../model/node.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { LrtConfig } from "../config.ts";
import type { Inventory } from "../monitoring/inventory.ts";
import type { LrtTurn } from "../notifications.ts";

interface Departure {
  readonly host: NodeId;
  readonly at: Instant;
}

const PREFIX = "lrt/left/";

/**
 * Which hosts the VMs that are here left, and when: overload never sends one back within its cool-down. The
 * memory travels with the VM and is durable, so that neither a move nor a restart loses it.
 */
export class Departures {
  readonly #config: LrtConfig;
  readonly #byVm = new Map<VmId, readonly Departure[]>();

  constructor(config: LrtConfig, restored: ReadonlyMap<string, unknown>) {
    this.#config = config;
    for (const [key, value] of restored) {
      if (key.startsWith(PREFIX)) this.#byVm.set(key.slice(PREFIX.length), value as Departure[]);
    }
  }

  /**
   * Instants count from the host's boot: what is kept from an earlier one may lie ahead, and would bind for as long as
   * that host was up. The guests that ran then have started anew since, and have come from nowhere.
   */
  start(turn: LrtTurn): void {
    const lists = [...this.#byVm].map(([vm, list]) => ({ vm, list, left: this.#recent(list, turn.now) }));
    const over = lists
      .filter(({ list, left }) => left.length < list.length)
      .sort((a, b) => byText(a.vm, b.vm));
    for (const { vm, left } of over) this.#byVm.set(vm, left);
    if (over.length > 0)
      turn.persist(
        over.map(({ vm, left }) => ({ key: `${PREFIX}${vm}`, value: left.length > 0 ? left : null })),
      );
  }

  /** VMs of which something is remembered. */
  get size(): number {
    return this.#byVm.size;
  }

  of(vm: VmId, now: Instant): { host: NodeId; agoMs: Millis }[] {
    return this.#recent(this.#byVm.get(vm) ?? [], now).map(({ host, at }) => ({ host, agoMs: now - at }));
  }

  #recent(list: readonly Departure[], now: Instant): readonly Departure[] {
    return list.filter(({ at }) => at <= now && now - at < this.#config.cooldownMs);
  }

  /**
   * @param earlier in the order in which it left them. The oldest is forgotten where there are too many: as long as the
   * others bind, a VM that is as full as that is moved by no condition (`problem.ts`), and then that one is over, too.
   */
  record(vm: VmId, from: NodeId, earlier: readonly { host: NodeId; agoMs: Millis }[], turn: LrtTurn): void {
    const left = [...earlier, { host: from, agoMs: 0 }].filter(
      ({ agoMs }) => agoMs < this.#config.cooldownMs,
    );
    const last = left.filter(({ host }, i) => left.findLastIndex((later) => later.host === host) === i);
    const list = last
      .map(({ host, agoMs }): Departure => ({ host, at: turn.now - agoMs }))
      .slice(-DEPARTURES_REMEMBERED);
    this.#byVm.set(vm, list);
    turn.persist([{ key: `${PREFIX}${vm}`, value: list }]);
  }

  /** Forgets VMs that are no longer here. */
  keepOnly(inventory: Inventory, turn: LrtTurn): void {
    const gone = [...this.#byVm.keys()].filter((vm) => inventory.get(vm) === undefined).sort(byText);
    if (gone.length === 0) return;
    for (const vm of gone) this.#byVm.delete(vm);
    turn.persist(gone.map((vm) => ({ key: `${PREFIX}${vm}`, value: null })));
  }
}
