import type { AgentInput } from "../../agent/inputs.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { ActionOrder, PartitionRequest } from "../../lrt/messages.ts";
import type { NodeSnapshot } from "../../lrt/scheduling/snapshot.ts";
import type { SimulatedHost } from "../world/host.ts";

/** An action's order as its leader sent it. */
export interface KnownOrder {
  readonly pid: string;
  readonly leader: string;
  readonly order: ActionOrder;
  readonly sentAt: number;
  /** The booking tokens it was sent under. */
  sourceToken: number | null;
  destinationToken: number | null;
}

/**
 * What agents have said to one another, as it left them and as it arrived: who asked whom for which partition, which
 * orders were given, which snapshots a leader has.
 */
export class Ledger {
  readonly #requests = new Map<string, PartitionRequest>();
  readonly #orders = new Map<string, KnownOrder>();
  readonly #snapshots = new Map<string, Map<string, NodeSnapshot>>();
  readonly #answered = new Set<string>();
  /** Partition and host → the latest question that has been answered with a snapshot. */
  readonly #latest = new Map<string, number>();

  order(key: string): KnownOrder | undefined {
    return this.#orders.get(key);
  }

  /** The request that `node` answers to `asker` with `re`. */
  request(asker: string, node: string, re: number): PartitionRequest | undefined {
    return this.#requests.get(`${asker}>${node}/${re}`);
  }

  /** What a leader knows of the hosts of its partition. */
  snapshots(pid: string): ReadonlyMap<string, NodeSnapshot> {
    return this.#snapshots.get(pid) ?? new Map();
  }

  /** @returns the order that is given for the first time by this effect, if any. */
  effect(host: SimulatedHost, effect: AgentEffect, now: number): KnownOrder | null {
    if (effect.kind !== "send" || !effect.message.type.startsWith("partition.")) return null;
    const { message, to } = effect;
    if (!("id" in message) || message.type === "control.ask") return null;
    const request = message as PartitionRequest;
    this.#requests.set(`${host.id}>${to}/${request.id}`, request);
    if (request.type !== "partition.prepare" && request.type !== "partition.execute") return null;
    const { order, pid, token } = request;
    const known = this.#orders.get(order.key);
    const entry = known ?? {
      pid,
      leader: host.id,
      order,
      sentAt: now,
      sourceToken: null,
      destinationToken: null,
    };
    if (request.type === "partition.prepare") entry.destinationToken = token;
    else entry.sourceToken = token;
    this.#orders.set(order.key, entry);
    return known === undefined ? entry : null;
  }

  stepped(host: SimulatedHost, input: AgentInput): void {
    if (input.kind !== "message" || input.message.type !== "partition.reply") return;
    const { re, body } = input.message;
    const snapshot = body.kind === "joined" || body.kind === "checked" ? body.snapshot : null;
    const name = `${host.id}>${input.from}/${re}`;
    const request = this.#requests.get(name);
    if (snapshot === null || request === undefined || this.#answered.has(name)) return;
    this.#answered.add(name);
    // What was asked before may be answered after: its leader has given that question up.
    const last = `${request.pid}>${input.from}`;
    if (re < (this.#latest.get(last) ?? 0)) return;
    this.#latest.set(last, re);
    const known = this.#snapshots.get(request.pid) ?? new Map<string, NodeSnapshot>();
    this.#snapshots.set(request.pid, known.set(snapshot.node, snapshot));
  }
}
