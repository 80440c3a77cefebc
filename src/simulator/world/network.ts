/**
 * The network between simulated hosts: a stream per (from, to, lane) keeps its order, as TCP does; a message is lost
 * only where a connection would break: when the link is cut, its end is down, or by the loss that a fault draws.
 * Messages are encoded when they are sent and decoded when they arrive: nothing is shared between hosts.
 */
import type { Random } from "../../lib/random.ts";
import type { EventQueue } from "../kernel/event-queue.ts";

export interface LinkSettings {
  /** One way, milliseconds; fractions are kept until the message arrives. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly loss: number;
  readonly duplication: number;
}

export interface Endpoint {
  readonly up: () => boolean;
  readonly deliver: (from: string, lane: string, bytes: unknown) => void;
}

export class Network {
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #endpoints = new Map<string, Endpoint>();
  /** Directed cuts, `from>to`; a cut can be one-way. */
  readonly #cuts = new Set<string>();
  /** When the last message of a stream arrives. */
  readonly #arrivals = new Map<string, number>();
  readonly #linkOf: (from: string, to: string) => LinkSettings;
  sent = 0;
  bytes = 0;

  constructor(queue: EventQueue, random: Random, linkOf: (from: string, to: string) => LinkSettings) {
    this.#queue = queue;
    this.#random = random;
    this.#linkOf = linkOf;
  }

  attach(name: string, endpoint: Endpoint): void {
    this.#endpoints.set(name, endpoint);
  }

  /** Cuts what `from` sends to `to`. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  heal(from: string, to: string): void {
    this.#cuts.delete(`${from}>${to}`);
  }

  healAll(): void {
    this.#cuts.clear();
  }

  /** Cuts a host off from everybody, or heals that. */
  isolate(host: string, cut: boolean): void {
    for (const other of this.#endpoints.keys()) {
      if (other === host) continue;
      for (const [from, to] of [
        [host, other],
        [other, host],
      ] as const) {
        if (cut) this.cut(from, to);
        else this.heal(from, to);
      }
    }
  }

  connected(from: string, to: string): boolean {
    return !this.#cuts.has(`${from}>${to}`);
  }

  /** `frozen` is the message as it is on the wire. */
  send(from: string, to: string, lane: string, frozen: unknown, size: number): void {
    this.sent++;
    this.bytes += size;
    const link = this.#linkOf(from, to);
    if (!this.connected(from, to) || this.#random.chance(link.loss)) return;
    this.#schedule(from, to, lane, frozen, link);
    if (this.#random.chance(link.duplication)) this.#schedule(from, to, lane, frozen, link);
  }

  #schedule(from: string, to: string, lane: string, frozen: unknown, link: LinkSettings): void {
    const stream = `${from}>${to}/${lane}`;
    const delay = link.latencyMs + link.jitterMs * this.#random.fraction();
    const at = Math.max(this.#arrivals.get(stream) ?? 0, this.#queue.now + delay);
    this.#arrivals.set(stream, at);
    this.#queue.at(at, () => {
      const endpoint = this.#endpoints.get(to);
      if (endpoint?.up() === true && this.connected(from, to)) endpoint.deliver(from, lane, frozen);
    });
  }
}
