/**
 * One peer: where it can be reached, the connection in use, an outlet per lane, and the pauses between attempts.
 * The newest open connection serves, whoever opened it: after a restart of the peer the older one is the dead one.
 * Two hosts that dial each other at the same moment keep both connections until one has been idle long enough.
 */
import type { Connection, Libp2p, PeerId } from "@libp2p/interface";
import { CODE_P2P, type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import type { Instant } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import type { Lane } from "../../ports/effects.ts";
import type { Hello } from "./hello.ts";
import type { Report, TransportCounters } from "./observations.ts";
import { Outlet, type OutletLink } from "./outlet.ts";
import type { TransportLimits } from "./settings.ts";

/** A peer says of itself where it is: more addresses than this are a mistake or an attack. */
const MAX_ADDRESSES = 16;

/** What a link needs of the transport. */
export interface LinkHost {
  readonly node: Libp2p;
  readonly limits: TransportLimits;
  readonly counters: TransportCounters;
  readonly hello: (lane: Lane) => Hello;
  readonly report: Report;
  readonly maxBytes: (lane: Lane) => number;
  now(): Instant;
}

export class Link implements OutletLink {
  readonly limits: TransportLimits;
  readonly hello: (lane: Lane) => Hello;
  readonly #host: LinkHost;
  readonly #id: NodeId;
  readonly #peer: PeerId;
  readonly #outlets = new Map<Lane, Outlet>();
  #addresses: readonly Multiaddr[] = [];
  #failures = 0;
  #retryAt = 0;

  constructor(host: LinkHost, id: NodeId, peer: PeerId) {
    this.#host = host;
    this.#id = id;
    this.#peer = peer;
    this.limits = host.limits;
    this.hello = host.hello;
  }

  /** Nothing would be lost by forgetting it. */
  get expendable(): boolean {
    const idle = [...this.#outlets.values()].every((outlet) => outlet.idle);
    return idle && this.#addresses.length === 0 && this.#connection() === undefined;
  }

  send(lane: Lane, message: Uint8Array): void {
    this.#outlet(lane).push(message);
  }

  /** Replaces what is known; unusable addresses are reported and left out. */
  setAddresses(addresses: readonly string[]): void {
    const usable = addresses.slice(0, MAX_ADDRESSES).flatMap((text) => this.#parse(text));
    const same = usable.map(String).join() === this.#addresses.map(String).join();
    this.#addresses = usable;
    if (!same) this.encourage();
  }

  /** An address that has just worked, until the membership says otherwise. */
  learn(address: Multiaddr): void {
    if (this.#addresses.length === 0) this.#addresses = [address];
    this.encourage();
  }

  /** There is news of the peer: try again at once. */
  encourage(): void {
    this.#retryAt = 0;
    for (const outlet of this.#outlets.values()) outlet.encourage();
  }

  tick(trusted: boolean): void {
    for (const outlet of this.#outlets.values()) outlet.tick(trusted);
  }

  /** Closes every connection with the peer and drops what waits for it. */
  reset(reason: string): void {
    for (const outlet of this.#outlets.values()) outlet.reset(reason);
    for (const connection of this.#host.node.getConnections(this.#peer)) connection.abort(new Error(reason));
  }

  async flushed(): Promise<void> {
    await Promise.all([...this.#outlets.values()].map((outlet) => outlet.flushed()));
  }

  now(): Instant {
    return this.#host.now();
  }

  ready(): boolean {
    if (this.#connection() !== undefined) return true;
    if (this.#addresses.length > 0) return this.now() >= this.#retryAt;
    for (const outlet of this.#outlets.values()) outlet.giveUp();
    return false;
  }

  async connect(): Promise<Connection> {
    const open = this.#connection();
    if (open !== undefined) return open;
    this.#host.counters.dials += 1;
    try {
      const signal = AbortSignal.timeout(this.limits.handshakeTimeout);
      return await this.#host.node.dial([...this.#addresses], { signal });
    } catch (error) {
      this.#host.counters.dialsFailed += 1;
      throw error;
    }
  }

  reached(): void {
    this.#failures = 0;
    this.#retryAt = 0;
  }

  failed(lane: Lane, error: unknown): void {
    const { first, longest } = this.limits.backoff;
    const pause = Math.min(longest, first * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    // Jitter: hosts that lost the same peer at the same moment must not come back in step.
    this.#retryAt = this.now() + Math.round(pause * (0.8 + 0.4 * Math.random()));
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#failures === 1) this.#host.report({ event: "peer-unreachable", peer: this.#id, lane, reason });
  }

  refused(lane: Lane, reason: string): void {
    this.#host.counters.streamsRefused += 1;
    this.#host.report({ event: "stream-refused", peer: this.#id, lane, reason });
  }

  stalled(connection: Connection): void {
    this.#host.counters.connectionsStalled += 1;
    const reason = "it does not acknowledge what is sent to it";
    this.#host.report({ event: "connection-stalled", peer: this.#id, reason });
    // What is as old goes with it: a network that swallows one connection swallows them all. A newer one may be
    // the peer's own, after it has come back.
    const error = new Error(reason);
    const before = Date.now() - this.limits.ackTimeout;
    connection.abort(error);
    for (const other of this.#host.node.getConnections(this.#peer))
      if (other.timeline.open < before) other.abort(error);
  }

  #connection(): Connection | undefined {
    return this.#host.node
      .getConnections(this.#peer)
      .filter(({ status }) => status === "open")
      .reduce<Connection | undefined>(
        (newest, next) =>
          newest !== undefined && newest.timeline.open >= next.timeline.open ? newest : next,
        undefined,
      );
  }

  #outlet(lane: Lane): Outlet {
    const known = this.#outlets.get(lane);
    if (known !== undefined) return known;
    const outlet = new Outlet(lane, this, this.#host.maxBytes(lane), this.#host.counters.lanes[lane]);
    this.#outlets.set(lane, outlet);
    return outlet;
  }

  #parse(text: string): Multiaddr[] {
    try {
      const address = multiaddr(text);
      const named = address.getComponents().findLast(({ code }) => code === CODE_P2P)?.value;
      if (named === undefined) return [address.encapsulate(`/p2p/${this.#id}`)];
      if (named === this.#id) return [address];
      this.#unusable(text, `it names another peer, ${named}`);
    } catch (error) {
      this.#unusable(text, (error as Error).message);
    }
    return [];
  }

  #unusable(address: string, reason: string): void {
    this.#host.report({ event: "address-unusable", peer: this.#id, address: address.slice(0, 256), reason });
  }
}
