/**
 * A small discrete-event network for memberships: virtual time, seeded latency and loss, directed cuts,
 * pauses, crashes and restarts over what each node had made durable. Nothing here knows what a membership
 * should conclude; tests compare what they read with what they did to the network.
 */

import type { MembershipChange } from "../../src/dnt/membership/change.ts";
import type { Profile } from "../../src/dnt/membership/identity.ts";
import { Membership } from "../../src/dnt/membership/membership.ts";
import type { MembershipMessage } from "../../src/dnt/membership/messages.ts";
import type { MembershipSettings } from "../../src/dnt/membership/settings.ts";
import type { MembershipTurn } from "../../src/dnt/membership/turn.ts";
import { AssertionError } from "../../src/lib/assert.ts";
import { fail, ok, type Result } from "../../src/lib/error.ts";
import { Heap } from "../../src/lib/heap.ts";
import type { Instant, Millis } from "../../src/lib/instant.ts";
import { Random } from "../../src/lib/random.ts";
import type { Member, MemberState } from "../../src/model/member.ts";
import type { NodeId } from "../../src/model/node.ts";
import type { PersistId, Write } from "../../src/ports/effects.ts";

export interface NetworkConditions {
  /** Part of the messages lost, 0 to 1. */
  readonly loss: number;
  /** One-way delay in ms, both ends included. */
  readonly latency: readonly [Millis, Millis];
  /** How long a durable write takes. */
  readonly disk: Millis;
}

export interface Observed {
  readonly at: Instant;
  readonly node: NodeId;
  readonly change: MembershipChange;
}

interface Node {
  readonly id: NodeId;
  membership: Membership;
  up: boolean;
  /** Grows at each start, so that what was meant for an earlier life does not arrive in this one. */
  life: number;
  pausedUntil: Instant;
  readonly durable: Map<string, unknown>;
  readonly timers: Map<string, number>;
  /** Per write: when it is durable. */
  readonly writes: Map<PersistId, Instant>;
  persistId: PersistId;
  timerToken: number;
}

interface Event {
  readonly at: Instant;
  readonly run: () => void;
}

const CALM: NetworkConditions = { loss: 0, latency: [1, 3], disk: 2 };

export function profile(id: NodeId, change: Partial<Profile> = {}): Profile {
  return {
    id,
    name: `host-${id}`,
    addresses: [`/memory/${id}`],
    labels: {},
    capacity: { cpu: 8000, memory: 16_384 },
    joinedAt: "2026-01-01T00:00:00Z",
    draining: false,
    protocol: { min: 1, max: 1 },
    version: "0.1.0",
    ...change,
  };
}

/** n00, n01, …: sorted as numbers are. */
export function ids(count: number): NodeId[] {
  const width = String(count - 1).length;
  return Array.from({ length: count }, (_, i) => `n${String(i).padStart(width, "0")}`);
}

export class MembershipCluster {
  now: Instant = 0;
  readonly changes: Observed[] = [];
  /** Messages sent, by node and by type. */
  readonly sent = new Map<NodeId, number>();
  readonly sentByType = new Map<string, number>();
  /** Addresses dialled, by node. */
  readonly dialled = new Map<NodeId, string[]>();
  /** Called after each step of a node. */
  watch: ((node: NodeId, membership: Membership) => void) | null = null;
  /** Called for each message sent. */
  overhear: ((from: NodeId, to: NodeId, message: MembershipMessage) => void) | null = null;
  conditions: NetworkConditions;
  readonly #nodes = new Map<NodeId, Node>();
  readonly #events = new Heap<Event>((a, b) => a.at - b.at);
  readonly #random: Random;
  readonly #seed: string;
  readonly #settings: Partial<MembershipSettings>;
  #cut: (from: NodeId, to: NodeId) => boolean = () => false;

  constructor(
    seed: string,
    settings: Partial<MembershipSettings> = {},
    conditions: Partial<NetworkConditions> = {},
  ) {
    this.#seed = seed;
    this.#random = new Random(`${seed}/network`);
    this.#settings = settings;
    this.conditions = { ...CALM, ...conditions };
  }

  // ── the cluster ────────────────────────────────────────────────────────────────────────────────────────

  /** Starts a node; `seeds` are the ids of nodes whose addresses it is given. */
  start(id: NodeId, seeds: readonly NodeId[] = [], change: Partial<Profile> = {}): Membership {
    const before = this.#nodes.get(id);
    const durable = before?.durable ?? new Map<string, unknown>();
    const life = (before?.life ?? 0) + 1;
    const settings = { ...this.#settings, seeds: seeds.map((seed) => `/memory/${seed}`) };
    const membership = new Membership(settings, {
      self: profile(id, change),
      random: new Random(`${this.#seed}/${id}/${life}`),
      restored: new Map(durable),
    });
    const node: Node = {
      id,
      membership,
      up: true,
      life,
      pausedUntil: 0,
      durable,
      timers: new Map(),
      writes: new Map(),
      persistId: 0,
      timerToken: 0,
    };
    this.#nodes.set(id, node);
    this.#step(node, (turn) => membership.start(turn));
    return membership;
  }

  /** A running network: each joins through the first, and all agree. */
  static settled(
    count: number,
    seed: string,
    settings: Partial<MembershipSettings> = {},
    conditions: Partial<NetworkConditions> = {},
  ): MembershipCluster {
    const cluster = new MembershipCluster(seed, settings);
    const all = ids(count);
    for (const id of all) cluster.start(id, all.slice(0, 1));
    cluster.until(() => cluster.agree("alive"), 60_000);
    cluster.run(10_000);
    cluster.conditions = { ...CALM, ...conditions };
    cluster.forgetHistory();
    return cluster;
  }

  of(id: NodeId): Membership {
    return this.#node(id).membership;
  }

  /** Runs something on a node as a step of its own, e.g. `leave`. */
  act(id: NodeId, action: (membership: Membership, turn: MembershipTurn) => void): void {
    const node = this.#node(id);
    this.#step(node, (turn) => action(node.membership, turn));
  }

  /** A message out of nowhere, as if a connection of `from` had brought it. */
  inject(from: NodeId, to: NodeId, message: MembershipMessage): void {
    this.act(to, (membership, turn) => membership.onMessage(from, message, turn));
  }

  // ── faults ─────────────────────────────────────────────────────────────────────────────────────────────

  crash(id: NodeId): void {
    this.#node(id).up = false;
  }

  wipe(id: NodeId): void {
    this.#node(id).durable.clear();
  }

  /** What arrives meanwhile waits in the node's queues. */
  pause(id: NodeId, span: Millis): void {
    this.#node(id).pausedUntil = this.now + span;
  }

  cut(directed: (from: NodeId, to: NodeId) => boolean): void {
    this.#cut = directed;
  }

  heal(): void {
    this.#cut = () => false;
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────────────

  run(span: Millis): void {
    const end = this.now + span;
    for (
      let event = this.#events.peek();
      event !== undefined && event.at <= end;
      event = this.#events.peek()
    ) {
      this.#events.pop();
      this.now = event.at;
      event.run();
    }
    this.now = end;
  }

  /** Runs until the condition holds, in steps of 50 ms; returns how long that took. */
  until(condition: () => boolean, within: Millis): Millis {
    const start = this.now;
    while (!condition()) {
      if (this.now - start >= within) throw new AssertionError(`not so within ${within} ms of virtual time`);
      this.run(50);
    }
    return this.now - start;
  }

  // ── what can be seen ───────────────────────────────────────────────────────────────────────────────────

  get running(): readonly NodeId[] {
    return [...this.#nodes.values()].filter(({ up }) => up).map(({ id }) => id);
  }

  views(): readonly (readonly Member[])[] {
    return this.running.map((id) => this.of(id).members());
  }

  /** Whether all running nodes list all nodes ever started, the running ones in this state. */
  agree(state: MemberState): boolean {
    const running = new Set(this.running);
    return this.views().every(
      (members) =>
        members.length === this.#nodes.size &&
        members.every((member) => !running.has(member.id) || member.state === state),
    );
  }

  /** Whether every running node sees the member in this state. */
  allSee(id: NodeId, state: MemberState): boolean {
    return this.running.every((node) => node === id || this.of(node).get(id)?.state === state);
  }

  kinds(kind: MembershipChange["kind"]): readonly Observed[] {
    return this.changes.filter(({ change }) => change.kind === kind);
  }

  forgetHistory(): void {
    this.changes.length = 0;
    this.sent.clear();
    this.sentByType.clear();
    this.dialled.clear();
  }

  // ── the machinery ──────────────────────────────────────────────────────────────────────────────────────

  #node(id: NodeId): Node {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new AssertionError(`no node ${id}`);
    return node;
  }

  #step(node: Node, input: (turn: MembershipTurn) => void): void {
    input(this.#turn(node));
    for (const change of node.membership.takeChanges())
      this.changes.push({ at: this.now, node: node.id, change });
    this.watch?.(node.id, node.membership);
  }

  /** Runs it in this life of the node, when it is not paused. */
  #in(node: Node, at: Instant, run: () => void): void {
    const attempt = () => {
      if (!node.up || this.#nodes.get(node.id) !== node) return;
      if (node.pausedUntil > this.now) this.#events.push({ at: node.pausedUntil, run: attempt });
      else run();
    };
    this.#events.push({ at, run: attempt });
  }

  #turn(node: Node): MembershipTurn {
    const refuse = (): never => {
      throw new AssertionError("membership has no business with that");
    };
    return {
      now: this.now,
      send: (to, message, after) => this.#send(node, to, message, after),
      persist: (writes) => this.#persist(node, writes),
      setTimer: (timer, after) => this.#setTimer(node, timer, after),
      clearTimer: (timer) => void node.timers.delete(timer),
      dial: (address) => this.#dial(node, address),
      setAddresses: () => undefined,
      hypervisor: refuse,
      solve: refuse,
      cancelSolve: refuse,
      reply: refuse,
      notify: refuse,
    };
  }

  #send(node: Node, to: NodeId, message: MembershipMessage, after: PersistId | undefined): void {
    this.sent.set(node.id, (this.sent.get(node.id) ?? 0) + 1);
    this.sentByType.set(message.type, (this.sentByType.get(message.type) ?? 0) + 1);
    this.overhear?.(node.id, to, message);
    const leaves = Math.max(this.now, after === undefined ? 0 : (node.writes.get(after) ?? Number.NaN));
    if (Number.isNaN(leaves)) throw new AssertionError("a message waits for a write that was never made");
    this.#in(node, leaves, () => this.#transmit(node.id, to, message));
  }

  #transmit(from: NodeId, to: NodeId, message: MembershipMessage): void {
    if (this.#cut(from, to) || this.#random.chance(this.conditions.loss)) return;
    const receiver = this.#nodes.get(to);
    if (receiver === undefined) return;
    this.#in(receiver, this.now + this.#latency(), () =>
      this.#step(receiver, (turn) => receiver.membership.onMessage(from, message, turn)),
    );
  }

  #persist(node: Node, writes: readonly Write[]): PersistId {
    const id = ++node.persistId;
    const at = this.now + this.conditions.disk;
    node.writes.set(id, at);
    this.#events.push({
      at,
      run: () => {
        if (node.up) for (const { key, value } of writes) node.durable.set(key, value);
      },
    });
    return id;
  }

  #setTimer(node: Node, timer: string, after: Millis): void {
    const token = ++node.timerToken;
    node.timers.set(timer, token);
    this.#in(node, this.now + after, () => {
      if (node.timers.get(timer) !== token) return;
      node.timers.delete(timer);
      this.#step(node, (turn) => node.membership.onTimer(timer, turn));
    });
  }

  #dial(node: Node, address: string): void {
    const peer = this.#nodes.get(address.replace("/memory/", ""));
    const reachable = peer?.up === true && !this.#cut(node.id, peer.id) && !this.#cut(peer.id, node.id);
    this.dialled.set(node.id, [...(this.dialled.get(node.id) ?? []), address]);
    const answer = reachable
      ? answerAt(address, peer.id, node.id)
      : fail({ code: "unreachable", message: `No answer from ${address}.` });
    this.#in(node, this.now + (reachable ? 2 * this.#latency() : 500), () =>
      this.#step(node, (turn) => node.membership.onAddressAnswered(address, answer, turn)),
    );
  }

  #latency(): Millis {
    return this.#random.int(...this.conditions.latency);
  }
}

/** As the transport answers: nobody dials itself. */
function answerAt(address: string, peer: NodeId, self: NodeId): Result<NodeId> {
  if (peer !== self) return ok(peer);
  return fail({ code: "invalid", message: `${address} is the address of this host itself.` });
}
