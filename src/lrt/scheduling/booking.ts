/**
 * A node's reservation of itself, for one partition at a time. The node alone grants, renews and ends it.
 *
 *            reserve                     release, or lease over, or leader dead while growing
 *   free ────────────▶ booked(growing) ────────────────────────────────┐
 *     ▲                    │ check                                      ▼
 *     │                    ▼                                       settling (actions still run)
 *     │             booked(applying) ── release, lease over ──────▶     │ last action ended
 *     └────────────────────────────────────────────────────────────────┘
 *
 * Durable before it is told: the booking and its token (`lrt/booking`, `lrt/token`), and each vote for a new
 * leader. The lease counts from receiving; after a restart it counts from the restart, which can only make it
 * longer. A node in *settling* is not free, whatever its lease says (design 3, *Reservation*).
 *
 * Nothing begins under a token of an earlier process, which knew what had been begun: orders under it may be late copies.
 * The node stays booked all the same, and its leader gets a new token by reserving it again.
 *
 * Source: wound-wait with leases and fencing tokens; the hand-over slot is what keeps the oldest event from
 * starving (model-checked, `test/model-check/meeting.pml`).
 */
import { assert, present } from "../../lib/assert.ts";
import type { Instant, Millis } from "../../lib/instant.ts";
import type { NodeId } from "../../model/node.ts";
import type { PersistId } from "../../ports/effects.ts";
import type { LrtConfig } from "../config.ts";
import type { BookingToken, PartitionId, PartitionPhase, PartitionRef, ReplyBody } from "../messages.ts";
import type { LrtTurn } from "../notifications.ts";
import { clampAge, type EventId, older } from "./event.ts";

export interface Booking {
  readonly pid: PartitionId;
  readonly partitionEpoch: number;
  readonly leader: NodeId;
  readonly token: BookingToken;
  readonly event: EventId;
  readonly raisedAt: Instant;
  readonly phase: PartitionPhase;
  /** Join order; known from the check on. */
  readonly members: readonly NodeId[];
  readonly leaseUntil: Instant;
  /** Over, but actions still run: no new ones, and not free either. How it ends when they have. */
  readonly settling: EndReason | null;
  /** Granted by an earlier process of this agent: it holds the node, and nothing begins under its token. */
  readonly earlier: boolean;
}

interface Slot {
  readonly pid: PartitionId;
  readonly leader: NodeId;
  readonly event: EventId;
  readonly raisedAt: Instant;
  /** Set when the node becomes free; until then the slot waits with the booking. */
  until: Instant | null;
}

interface StoredBooking {
  readonly pid: PartitionId;
  readonly partitionEpoch: number;
  readonly leader: NodeId;
  readonly token: BookingToken;
  readonly event: EventId;
  readonly phase: PartitionPhase;
  readonly members: readonly NodeId[];
  /** How old its event was when this was written. */
  readonly ageMs: Millis;
}

const KEY_BOOKING = "lrt/booking";
const KEY_TOKEN = "lrt/token";
const KEY_DEPOSED = "lrt/deposed";
/** Partitions remembered whose leader this node has voted out; a leader stays unaware of it for minutes at most. */
const REMEMBERED_DEPOSED = 32;
/** A late request is repeated for seconds; a node is in few partitions in that time. */
const REMEMBERED_LEFT = 32;
const TIMER_LEASE = "lrt/lease";
const TIMER_SLOT = "lrt/slot";

export type EndReason = "released" | "lapsed" | "leader-dead" | "restarted";

export interface ReserveRequest extends PartitionRef {
  readonly from: NodeId;
  readonly event: EventId;
  readonly ageMs: Millis;
}

/** What a grant answers once it is durable; the caller adds the snapshot. */
export type Grant =
  | { readonly kind: "granted"; readonly token: BookingToken; readonly after: PersistId | undefined }
  | Extract<ReplyBody, { kind: "busy" | "stale" }>;

export class BookingDesk {
  readonly #config: LrtConfig;
  #booking: Booking | null = null;
  #slot: Slot | null = null;
  #token: BookingToken;
  #restoredAge: Millis = 0;
  /** Partitions that have a successor, which ends them, and the epoch voted for: the old leader gets nothing more. */
  readonly #deposed: Map<PartitionId, number>;
  /** Partitions that this node was in, or was given back by, and their epoch then: what they asked before is too late. */
  readonly #left = new Map<PartitionId, number>();
  /** Set by execution: whether an action of this booking is still open here. */
  readonly #openActions: () => number;

  constructor(config: LrtConfig, restored: ReadonlyMap<string, unknown>, openActions: () => number) {
    this.#config = config;
    this.#openActions = openActions;
    this.#token = (restored.get(KEY_TOKEN) as number | undefined) ?? 0;
    this.#deposed = new Map((restored.get(KEY_DEPOSED) as [PartitionId, number][] | undefined) ?? []);
    const stored = restored.get(KEY_BOOKING) as StoredBooking | undefined;
    if (stored !== undefined) {
      const { ageMs, ...booking } = stored;
      this.#booking = { ...booking, raisedAt: 0, leaseUntil: 0, settling: null, earlier: true };
      this.#restoredAge = ageMs;
    }
  }

  /** After a restart a found booking gets a whole lease: a restart may only make it longer. */
  start(turn: LrtTurn): void {
    if (this.#booking !== null)
      this.#renewLease({ ...this.#booking, raisedAt: turn.now - this.#restoredAge }, turn);
  }

  get booking(): Booking | null {
    return this.#booking;
  }

  get free(): boolean {
    return this.#booking === null;
  }

  /** Partitions remembered that have another leader, and that this node was in. */
  get kept(): { readonly deposed: number; readonly left: number } {
    return { deposed: this.#deposed.size, left: this.#left.size };
  }

  reserve(request: ReserveRequest, turn: LrtTurn): Grant {
    this.#lapse(turn);
    const held = this.#booking;
    if (held !== null && held.pid === request.pid && held.settling === null)
      return this.#again(held, request, turn);
    if (held !== null) return this.#busy(held, request, turn);
    const partitionEpoch = this.#deposed.get(request.pid);
    if (partitionEpoch !== undefined) return { kind: "stale", partitionEpoch };
    const leftAt = this.#left.get(request.pid) ?? 0;
    if (request.partitionEpoch < leftAt) return { kind: "stale", partitionEpoch: leftAt };
    const slot = this.#liveSlot(turn.now);
    if (slot !== null && slot.pid !== request.pid && !this.#outranks(request, slot, turn.now)) {
      return { kind: "busy", holder: slot.pid, phase: "growing", slotted: false };
    }
    return this.#grant(request, turn);
  }

  /** The answer for a message of `ref` that needs the booking, or null when it holds. */
  refusal(
    ref: PartitionRef,
    from: NodeId,
    turn: LrtTurn,
  ): Extract<ReplyBody, { kind: "stale" | "not-mine" }> | null {
    this.#lapse(turn);
    const held = this.#booking;
    if (held === null || held.pid !== ref.pid || held.settling !== null) return { kind: "not-mine" };
    if (ref.partitionEpoch < held.partitionEpoch || from !== held.leader) {
      return { kind: "stale", partitionEpoch: held.partitionEpoch };
    }
    return null;
  }

  /**
   * Notes what the leader says of the partition; call only when `refusal` was null.
   * @returns the write to wait for when that changes what must be remembered: epochs only grow, over restarts, too.
   */
  heard(
    ref: PartitionRef,
    phase: PartitionPhase,
    members: readonly NodeId[],
    turn: LrtTurn,
  ): PersistId | undefined {
    const held = this.#booking;
    assert(held !== null && held.pid === ref.pid, "only the holder renews a booking");
    assert(ref.partitionEpoch >= held.partitionEpoch, "a partition's epoch only grows");
    assert(turn.now < held.leaseUntil, "a lease that is over is not renewed");
    const agreed = held.phase === "applying" && held.partitionEpoch === ref.partitionEpoch;
    const next = { ...held, partitionEpoch: ref.partitionEpoch, phase: agreed ? held.phase : phase, members };
    this.#renewLease(next, turn);
    const same = held.partitionEpoch === ref.partitionEpoch && held.phase === next.phase;
    return same ? undefined : this.#persist(turn);
  }

  /** Votes for a successor of a dead leader: durably, once per epoch. */
  follow(
    ref: PartitionRef,
    leader: NodeId,
    turn: LrtTurn,
  ): PersistId | Extract<ReplyBody, { kind: "stale" | "not-mine" }> {
    this.#lapse(turn);
    const held = this.#booking;
    if (held === null || held.pid !== ref.pid) return { kind: "not-mine" };
    const same = held.partitionEpoch === ref.partitionEpoch && held.leader === leader;
    if (!same && ref.partitionEpoch <= held.partitionEpoch) {
      return { kind: "stale", partitionEpoch: held.partitionEpoch };
    }
    this.#renewLease({ ...held, partitionEpoch: ref.partitionEpoch, leader }, turn);
    keepLatest(this.#deposed, ref, REMEMBERED_DEPOSED);
    return this.#persist(turn);
  }

  /**
   * Its leader gives the node back, or never heard that it has it: what that partition asked before comes too late.
   * @returns whether it is still settling
   */
  release(ref: PartitionRef, from: NodeId, turn: LrtTurn): boolean {
    if (this.#booking?.pid === ref.pid) {
      const stale = this.refusal(ref, from, turn)?.kind === "stale";
      return stale ? false : this.end("released", turn);
    }
    const partitionEpoch = Math.max(ref.partitionEpoch, this.#left.get(ref.pid) ?? 0);
    keepLatest(this.#left, { pid: ref.pid, partitionEpoch }, REMEMBERED_LEFT);
    return false;
  }

  /** Ends the booking, at once or when its last action has ended. @returns whether it is still settling. */
  end(why: EndReason, turn: LrtTurn): boolean {
    const held = this.#booking;
    if (held === null) return false;
    if (this.#openActions() > 0) {
      this.#booking = { ...held, settling: held.settling ?? why };
      turn.clearTimer(TIMER_LEASE);
      return true;
    }
    this.#booking = null;
    keepLatest(this.#left, held, REMEMBERED_LEFT);
    turn.clearTimer(TIMER_LEASE);
    turn.persist([{ key: KEY_BOOKING, value: null }]);
    turn.notify({ kind: "booking-ended", pid: held.pid, token: held.token, why });
    this.#openSlot(turn);
    return false;
  }

  /** The waiter that holds the slot does not want it any more. */
  pass(pid: PartitionId, turn: LrtTurn): void {
    if (this.#slot?.pid !== pid) return;
    this.#slot = null;
    turn.clearTimer(TIMER_SLOT);
  }

  /** Call when an action has ended here: a settling booking may now be free. */
  settled(turn: LrtTurn): void {
    const how = this.#booking?.settling ?? null;
    if (how !== null && this.#openActions() === 0) this.end(how, turn);
  }

  /** @returns whether the timer was this desk's. */
  onTimer(timer: string, turn: LrtTurn): boolean {
    if (timer === TIMER_LEASE) {
      this.#lapse(turn);
      return true;
    }
    if (timer === TIMER_SLOT) {
      if (this.#slot?.until !== null && this.#slot !== null && turn.now >= this.#slot.until)
        this.#slot = null;
      return true;
    }
    return false;
  }

  /** Whether an action may still begin under `token`: this process has granted it, for another `marginMs` at least. */
  holds(token: BookingToken, now: Instant, marginMs: Millis): boolean {
    const held = this.#booking;
    if (held === null || held.settling !== null || held.earlier) return false;
    return held.token === token && held.leaseUntil - now >= marginMs;
  }

  #again(held: Booking, request: ReserveRequest, turn: LrtTurn): Grant {
    const refused = this.refusal(request, request.from, turn);
    if (refused?.kind === "stale") return refused;
    if (held.earlier) return this.#anew(request, turn);
    const after = this.heard(request, held.phase, held.members, turn);
    return { kind: "granted", token: held.token, after };
  }

  /** One of an earlier process ends, and the node is reserved under a new token, unless somebody waits for it. */
  #anew(request: ReserveRequest, turn: LrtTurn): Grant {
    if (this.end("restarted", turn)) return this.#busy(present(this.#booking, "it settles"), request, turn);
    assert(this.#booking === null, "what has ended is not held");
    return this.reserve(request, turn);
  }

  #busy(held: Booking, request: ReserveRequest, turn: LrtTurn): Grant {
    const slotted = held.pid !== request.pid && this.#takeSlot(request, turn.now);
    const mine = { ageMs: turn.now - held.raisedAt, id: held.event };
    const theirs = { ageMs: clampAge(request.ageMs), id: request.event };
    if (held.phase === "growing" && held.settling === null && older(theirs, mine)) {
      turn.send(held.leader, {
        type: "partition.wound",
        pid: held.pid,
        by: { pid: request.pid, leader: request.from, event: request.event, ageMs: theirs.ageMs },
      });
    }
    return {
      kind: "busy",
      holder: held.pid,
      phase: held.settling !== null ? "applying" : held.phase,
      slotted,
    };
  }

  #grant(request: ReserveRequest, turn: LrtTurn): Grant {
    assert(this.#booking === null, "a node is in at most one partition");
    if (this.#slot?.pid === request.pid) this.#slot = null;
    this.#token++;
    this.#renewLease(
      {
        pid: request.pid,
        partitionEpoch: request.partitionEpoch,
        leader: request.from,
        token: this.#token,
        event: request.event,
        raisedAt: turn.now - clampAge(request.ageMs),
        phase: "growing",
        members: [],
        leaseUntil: 0,
        settling: null,
        earlier: false,
      },
      turn,
    );
    turn.notify({ kind: "booked", pid: request.pid, token: this.#token });
    return { kind: "granted", token: this.#token, after: this.#persist(turn) };
  }

  #persist(turn: LrtTurn): PersistId {
    const held = this.#booking;
    assert(held !== null, "only a booking is recorded");
    const { pid, partitionEpoch, leader, token, event, phase, members } = held;
    const ageMs = turn.now - held.raisedAt;
    const stored: StoredBooking = { pid, partitionEpoch, leader, token, event, phase, members, ageMs };
    return turn.persist([
      { key: KEY_TOKEN, value: this.#token },
      { key: KEY_BOOKING, value: stored },
      ...(this.#deposed.has(pid) ? [{ key: KEY_DEPOSED, value: [...this.#deposed] }] : []),
    ]);
  }

  /**
   * A lease that is over is not renewed, even if its timer has not fired yet: after its host has stood still, what came
   * meanwhile comes first, and the other members may have given up by now.
   */
  #lapse(turn: LrtTurn): void {
    const held = this.#booking;
    if (held !== null && held.settling === null && turn.now >= held.leaseUntil) this.end("lapsed", turn);
  }

  #renewLease(booking: Booking, turn: LrtTurn): void {
    this.#booking = { ...booking, leaseUntil: turn.now + this.#config.leaseMs };
    turn.setTimer(TIMER_LEASE, this.#config.leaseMs);
  }

  #takeSlot(request: ReserveRequest, now: Instant): boolean {
    const slot = this.#liveSlot(now);
    if (slot !== null && slot.pid !== request.pid && !this.#outranks(request, slot, now)) return false;
    const raisedAt = now - clampAge(request.ageMs);
    this.#slot = { pid: request.pid, leader: request.from, event: request.event, raisedAt, until: null };
    return true;
  }

  #outranks(request: ReserveRequest, slot: Slot, now: Instant): boolean {
    const theirs = { ageMs: clampAge(request.ageMs), id: request.event };
    return older(theirs, { ageMs: now - slot.raisedAt, id: slot.event });
  }

  #liveSlot(now: Instant): Slot | null {
    const slot = this.#slot;
    return slot !== null && (slot.until === null || now < slot.until) ? slot : null;
  }

  /** One that was open before, and is over, is not opened again. */
  #openSlot(turn: LrtTurn): void {
    const slot = this.#liveSlot(turn.now);
    if (slot === null) return;
    slot.until = turn.now + this.#config.slotMs;
    turn.setTimer(TIMER_SLOT, this.#config.slotMs);
    turn.send(slot.leader, { type: "partition.turn", pid: slot.pid, slotMs: this.#config.slotMs });
  }
}

function keepLatest(
  epochs: Map<PartitionId, number>,
  { pid, partitionEpoch }: PartitionRef,
  most: number,
): void {
  epochs.delete(pid);
  epochs.set(pid, partitionEpoch);
  const oldest = epochs.keys().next().value;
  if (epochs.size > most && oldest !== undefined) epochs.delete(oldest);
}
