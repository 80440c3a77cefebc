import type { MembershipChange } from "../../dnt/membership/change.ts";
import type { ProfileChange } from "../../dnt/membership/identity.ts";
import type { Circle, MembershipService } from "../../dnt/membership/membership.ts";
import { present } from "../../lib/assert.ts";
import type { Member } from "../../model/member.ts";
import type { NodeId } from "../../model/node.ts";
import type { MembershipModel } from "./model.ts";

/** One agent's side of the model: it reads the list that all share, and what has changed since it last looked. */
export class ModelledMembership implements MembershipService {
  readonly isolated = false;
  readonly unheard = (): readonly NodeId[] => [];
  readonly strangers = (): readonly string[] => [];
  readonly shared = true;
  readonly circle = (): Circle => ({ print: "modelled", durable: undefined });
  readonly hasLeft = (id: NodeId): boolean => this.get(id)?.state === "left";
  readonly doubt = 0;
  readonly #id: NodeId;
  readonly #model: MembershipModel;
  #cursor: number;
  #told = false;

  constructor(id: NodeId, model: MembershipModel) {
    this.#id = id;
    this.#model = model;
    this.#cursor = model.length;
  }

  /** The model remembers for all. */
  sizes(): ReturnType<MembershipService["sizes"]> {
    const members = this.#model.members().length;
    return { ...NOTHING_OWN, members };
  }

  members(): readonly Member[] {
    return this.#model.members();
  }

  get(id: NodeId): Member | undefined {
    return this.#model.get(id);
  }

  self(): Member {
    return present(this.#model.get(this.#id), "every host of the simulation is a member");
  }

  lastHeard(): null {
    return null;
  }

  rtt(): null {
    return null;
  }

  /** Nothing before it is told, then all there is. */
  takeChanges(): readonly MembershipChange[] {
    if (!this.#told) return NO_CHANGES;
    this.#told = false;
    const changes = this.#model.since(this.#cursor);
    this.#cursor = this.#model.length;
    return changes;
  }

  onMessage(): void {
    this.#told = true;
  }

  update(change: ProfileChange): void {
    this.#model.say(this.#id, change);
  }

  leave(): void {
    this.#model.say(this.#id, "left");
  }

  start(): void {}

  onTimer(): void {}

  onAddressAnswered(): void {}
}

const NOTHING_OWN = {
  rumours: 0,
  queued: 0,
  suspicions: 0,
  rota: 0,
  probes: 0,
  relays: 0,
  sessions: 0,
} as const;
const NO_CHANGES: readonly MembershipChange[] = [];
