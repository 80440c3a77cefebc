/**
 * Everybody this node has heard of, itself included: the newest claim about each, what it measured itself, and
 * the indexes the protocol needs (who to probe, who shares a name, one hash per bucket for synchronisation).
 */
import { assert } from "../../lib/assert.ts";
import type { Instant } from "../../lib/instant.ts";
import { byText } from "../../lib/order.ts";
import { hash32 } from "../../lib/random.ts";
import type { Member } from "../../model/member.ts";
import type { NodeId } from "../../model/node.ts";
import { claimPrint, compareClaims } from "./claim.ts";
import { BUCKETS, ROUND_TRIPS } from "./settings.ts";

export interface Entry {
  member: Member;
  /** When a message of the member itself was last received. */
  heardAt: Instant | null;
  /** When its present state was learned. */
  since: Instant;
  /** The last round trips in ms, oldest first. */
  readonly roundTrips: number[];
  readonly bucket: number;
  print: number;
}

export class Roster {
  readonly #self: NodeId;
  readonly #entries = new Map<NodeId, Entry>();
  /** All ids, sorted. */
  readonly #ids: NodeId[] = [];
  readonly #buckets: number[] = new Array<number>(BUCKETS).fill(0);
  readonly #names = new Map<string, Set<NodeId>>();
  #version = 0;
  #members: readonly Member[] | null = null;
  /** Kept sorted as it changes: every message draws from them. */
  readonly #live: NodeId[] = [];
  readonly #dead: NodeId[] = [];

  constructor(self: NodeId) {
    this.#self = self;
  }

  /** Grows with every change of the list. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#ids.length;
  }

  get(id: NodeId): Entry | undefined {
    return this.#entries.get(id);
  }

  /** All, sorted by id; the same array until something changes. */
  members(): readonly Member[] {
    this.#members ??= this.#ids.map((id) => this.#member(id));
    return this.#members;
  }

  /** The others that are alive or suspect, sorted; changes with the next `put`. */
  live(): readonly NodeId[] {
    return this.#live;
  }

  /** The dead, sorted; not those that left; changes with the next `put`. */
  dead(): readonly NodeId[] {
    return this.#dead;
  }

  /** Others that go by the same name and have not left, sorted. */
  namesakes(member: Member): readonly NodeId[] {
    const ids = [...(this.#names.get(member.name) ?? [])];
    return ids.filter((id) => id !== member.id && this.#member(id).state !== "left").sort(byText);
  }

  put(member: Member, now: Instant): void {
    const known = this.#entries.get(member.id);
    if (known === undefined) this.#insert(member, now);
    else this.#replace(known, member, now);
    this.#changed();
  }

  forget(id: NodeId): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#unindex(entry);
    this.#entries.delete(id);
    remove(this.#ids, id);
    this.#changed();
  }

  heard(id: NodeId, now: Instant): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined) entry.heardAt = now;
  }

  measured(id: NodeId, roundTrip: number): void {
    const trips = this.#entries.get(id)?.roundTrips;
    if (trips === undefined) return;
    trips.push(roundTrip);
    if (trips.length > ROUND_TRIPS) trips.shift();
  }

  /** One hash per bucket. Those that left do not count: each member forgets them at a time of its own. */
  digest(): readonly number[] {
    return this.#buckets.slice();
  }

  /** Members of these buckets with ids after `after`, in order of ids. */
  *inBuckets(buckets: ReadonlySet<number>, after: NodeId): Generator<Member> {
    for (let i = position(this.#ids, after); i < this.#ids.length; i++) {
      const id = this.#ids[i] as NodeId;
      const entry = this.#entries.get(id) as Entry;
      if (id !== after && buckets.has(entry.bucket)) yield entry.member;
    }
  }

  #insert(member: Member, now: Instant): void {
    const entry: Entry = {
      member,
      heardAt: null,
      since: now,
      roundTrips: [],
      bucket: hash32(member.id) % BUCKETS,
      print: 0,
    };
    this.#entries.set(member.id, entry);
    insert(this.#ids, member.id);
    this.#index(entry);
  }

  #replace(entry: Entry, member: Member, now: Instant): void {
    assert(compareClaims(member, entry.member) > 0, "what is known of a member only moves forward");
    this.#unindex(entry);
    if (entry.member.state !== member.state) entry.since = now;
    entry.member = member;
    this.#index(entry);
  }

  #index(entry: Entry): void {
    const { id, name, state } = entry.member;
    entry.print = state === "left" ? 0 : claimPrint(entry.member);
    this.#fold(entry);
    if (isLive(entry.member) && id !== this.#self) insert(this.#live, id);
    if (state === "dead") insert(this.#dead, id);
    const ids = this.#names.get(name);
    if (ids === undefined) this.#names.set(name, new Set([id]));
    else ids.add(id);
  }

  #unindex(entry: Entry): void {
    const { id, name, state } = entry.member;
    this.#fold(entry);
    if (isLive(entry.member) && id !== this.#self) remove(this.#live, id);
    if (state === "dead") remove(this.#dead, id);
    const ids = this.#names.get(name);
    ids?.delete(id);
    if (ids?.size === 0) this.#names.delete(name);
  }

  /** Exclusive or: the same call adds an entry to its bucket and takes it out again. */
  #fold(entry: Entry): void {
    this.#buckets[entry.bucket] = ((this.#buckets[entry.bucket] ?? 0) ^ entry.print) >>> 0;
  }

  #member(id: NodeId): Member {
    return (this.#entries.get(id) as Entry).member;
  }

  #changed(): void {
    this.#version++;
    this.#members = null;
  }
}

/** Where the id is in the sorted list, or would be. */
function position(ids: readonly NodeId[], id: NodeId): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byText(ids[middle] as NodeId, id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function insert(ids: NodeId[], id: NodeId): void {
  ids.splice(position(ids, id), 0, id);
}

function remove(ids: NodeId[], id: NodeId): void {
  const at = position(ids, id);
  assert(ids[at] === id, "an id is taken only from a list that has it");
  ids.splice(at, 1);
}

export function isLive(member: Member): boolean {
  return member.state === "alive" || member.state === "suspect";
}
