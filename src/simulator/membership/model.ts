/**
 * Membership as a model, for simulations of more hosts than can each keep a list of all: one list that every agent
 * sees, changed when the real protocol would have noticed, and told to each agent as a message. Heartbeats are
 * counted and not sent.
 *
 *   process dies ──(two periods, the least suspicion)──▶ dead in the list ──(a gossip interval per doubling)──▶ told
 *
 * Deviations: nobody is ever suspected wrongly, round trips are never measured, and everybody sees a change in the
 * list at once; only reactions to it wait until it is told.
 */
import type { MembershipChange } from "../../dnt/membership/change.ts";
import type { Profile } from "../../dnt/membership/identity.ts";
import type { MembershipMaker } from "../../dnt/membership/membership.ts";
import { DEFAULTS, doublings } from "../../dnt/membership/settings.ts";
import { present } from "../../lib/assert.ts";
import type { Member } from "../../model/member.ts";
import type { NodeId } from "../../model/node.ts";
import { WireCodec } from "../../wire/codec.ts";
import { type Checker, NOTHING_WRONG } from "../checkers/checker.ts";
import type { Simulation } from "../simulation.ts";
import type { HostSpec, SimulatedHost } from "../world/host.ts";
import { ModelledMembership } from "./modelled.ts";
import { membersOf } from "./settled.ts";

/** From a crash to being held dead: a probe that fails, and the least time to refute. */
const NOTICE_MS = 2 * DEFAULTS.period + DEFAULTS.suspicionFloor;
const HEARTBEATS = [
  { type: "membership.ping", sequence: 1000, claims: [] },
  { type: "membership.ack", sequence: 1000, claims: [] },
] as const;

export class MembershipModel implements Checker {
  readonly name = "membership";
  readonly #members: Map<NodeId, Member>;
  #list: readonly Member[] | null = null;
  readonly #changes: MembershipChange[] = [];
  #simulation: Simulation | null = null;

  constructor(hosts: readonly HostSpec[]) {
    this.#members = new Map(membersOf(hosts).map((member) => [member.id, member]));
  }

  readonly make: MembershipMaker = (_settings, { self }) => new ModelledMembership(self.id, this);

  /** Before it starts: changes take time, which is the simulation's. */
  bind(simulation: Simulation): void {
    this.#simulation = simulation;
  }

  /** Sorted by id; the same array until something changes. */
  members(): readonly Member[] {
    this.#list ??= [...this.#members.values()];
    return this.#list;
  }

  get(id: NodeId): Member | undefined {
    return this.#members.get(id);
  }

  /** How many changes there have been: where an agent that starts now begins to read. */
  get length(): number {
    return this.#changes.length;
  }

  since(cursor: number): readonly MembershipChange[] {
    return this.#changes.slice(cursor);
  }

  /** A member says something else of itself, or leaves. */
  say(id: NodeId, change: Partial<Omit<Profile, "id">> | "left"): void {
    const previous = present(this.#members.get(id), "only members say something");
    const incarnation = previous.incarnation + 1;
    if (change === "left") {
      const member = { ...previous, incarnation, state: "left" } as const;
      return this.#put(member, { kind: "left", member });
    }
    const member = { ...previous, ...change, incarnation };
    this.#put(member, { kind: "updated", member, previous });
  }

  /** Messages and bytes of an idle network of that many members in that time. */
  heartbeats(members: number, simulatedMs: number): { readonly messages: number; readonly bytes: number } {
    const rounds = Math.floor((members * simulatedMs) / DEFAULTS.period);
    const codec = new WireCodec();
    const size = HEARTBEATS.reduce((sum, message) => sum + codec.encode(message).length, 0);
    return { messages: rounds * HEARTBEATS.length, bytes: rounds * size };
  }

  processChanged(host: SimulatedHost, what: "started" | "died"): readonly string[] {
    const known = this.#members.get(host.id);
    if (what === "died") this.#later(NOTICE_MS, () => this.#missed(host));
    else if (known?.state === "dead" || known?.state === "left")
      this.#later(DEFAULTS.period, () => this.#returned(host));
    return NOTHING_WRONG;
  }

  /** Who is up again by then is never held dead. */
  #missed(host: SimulatedHost): void {
    const member = this.#members.get(host.id);
    if (host.agent !== null || member?.state !== "alive") return;
    const dead = { ...member, state: "dead" } as const;
    this.#put(dead, { kind: "died", member: dead });
  }

  #returned(host: SimulatedHost): void {
    const known = this.#members.get(host.id);
    if (host.agent === null || known === undefined || known.state === "alive") return;
    const member = { ...known, incarnation: known.incarnation + 1, state: "alive" } as const;
    this.#put(member, { kind: "returned", member });
  }

  #put(member: Member, change: MembershipChange): void {
    this.#members.set(member.id, member);
    this.#list = null;
    this.#changes.push(change);
    const news = { type: "membership.gossip", claims: [{ member, observers: [] }] } as const;
    this.#later(DEFAULTS.gossipInterval * doublings(this.#members.size), () => {
      for (const host of this.#simulation?.hosts ?? []) host.hear(member.id, news);
    });
  }

  #later(delayMs: number, deed: () => void): void {
    present(this.#simulation, "the model is bound before anything happens").queue.after(delayMs, deed);
  }
}
