/**
 * What this node says of itself, under an incarnation that only it raises: at each start, at each change, and
 * past any claim about it that it contradicts. The counter is durable before anybody sees it: every message
 * with the own record names the write it waits for.
 */
import { assert } from "../../lib/assert.ts";
import type { Instant } from "../../lib/instant.ts";
import type { Member } from "../../model/member.ts";
import type { PersistId, Write } from "../../ports/effects.ts";
import { compareClaims, sameProfile } from "./claim.ts";
import { isCounter } from "./plausible.ts";
import { MOST_INCARNATION_JUMP, REFUTATION_SPACING } from "./settings.ts";

export const INCARNATION_KEY = "dnt/incarnation";

/** What a member says of itself and may change while it runs. */
export type Profile = Omit<Member, "incarnation" | "state">;
export type ProfileChange = Partial<Omit<Profile, "id">>;

interface Disk {
  persist(writes: readonly Write[]): PersistId;
}

export class Identity {
  #member: Member;
  #durable: PersistId | null = null;
  #raisedAt: Instant | null = null;
  /** The highest incarnation claimed of us that is still to be contradicted. */
  #contested: number | null = null;

  constructor(profile: Profile, restored: ReadonlyMap<string, unknown>) {
    const last = restored.get(INCARNATION_KEY);
    this.#member = { ...profile, incarnation: isCounter(last) ? last : 0, state: "alive" };
  }

  get member(): Member {
    return this.#member;
  }

  /** The write that must be durable before the own record may leave. */
  get durable(): PersistId {
    assert(this.#durable !== null, "an incarnation is persisted before it is spoken of");
    return this.#durable;
  }

  /** Takes an incarnation above all that were used or claimed. */
  raise(now: Instant, disk: Disk, claimed = 0): void {
    const incarnation = Math.max(this.#member.incarnation, claimed) + 1;
    this.#member = { ...this.#member, incarnation };
    this.#durable = disk.persist([{ key: INCARNATION_KEY, value: incarnation }]);
    this.#raisedAt = now;
    this.#contested = null;
  }

  /** False when nothing differs. */
  change(change: ProfileChange, now: Instant, disk: Disk): boolean {
    const next = { ...this.#member, ...change };
    if (sameProfile(next, this.#member)) return false;
    this.#member = next;
    this.raise(now, disk);
    return true;
  }

  /** @param after what must be durable before anybody hears of it. */
  leave(state: "left" | "dead", after?: PersistId): void {
    this.#member = { ...this.#member, state };
    this.#durable = after ?? this.#durable;
  }

  /**
   * Judges a claim about this node: `old` is behind what we said, `agreed` is what we said, `contested` must be
   * refuted. A jump that no honest counter makes is `absurd`: obeying it would burn the counter.
   */
  judge(claim: Member): "old" | "agreed" | "contested" | "absurd" {
    if (claim.incarnation - this.#member.incarnation > MOST_INCARNATION_JUMP) return "absurd";
    if (claim.incarnation < this.#member.incarnation) return "old";
    if (compareClaims(claim, this.#member) === 0) return "agreed";
    this.#contested = Math.max(this.#contested ?? 0, claim.incarnation);
    return "contested";
  }

  /** Raises the incarnation past what was claimed, unless it has just done so; then it waits for the next call. */
  refute(now: Instant, disk: Disk): boolean {
    const tooSoon = this.#raisedAt !== null && now - this.#raisedAt < REFUTATION_SPACING;
    if (this.#contested === null || tooSoon) return false;
    this.raise(now, disk, this.#contested);
    return true;
  }
}
