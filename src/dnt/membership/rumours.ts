/**
 * News on its way: per member the newest claim, with how often it has been sent from here. What was sent
 * least goes first, and after about log2(n) sendings a rumour rests (everybody has it, or synchronisation
 * brings it). Tiers by number of sendings keep a draw as cheap as what it draws.
 */
import type { NodeId } from "../../model/node.ts";
import { claimSize } from "./claim.ts";
import type { MemberClaim } from "./messages.ts";

interface Rumour {
  readonly claim: MemberClaim;
  readonly bytes: number;
}

export interface Budget {
  readonly claims: number;
  readonly bytes: number;
}

export const NO_CLAIMS: readonly MemberClaim[] = [];

export class Rumours {
  readonly #tiers: Map<NodeId, Rumour>[] = [];
  readonly #tierOf = new Map<NodeId, number>();

  get size(): number {
    return this.#tierOf.size;
  }

  /** Takes the place of what was told of that member before. */
  tell(claim: MemberClaim): void {
    const { id } = claim.member;
    this.drop(id);
    this.#put(id, { claim, bytes: claimSize(claim) }, 0);
  }

  clear(): void {
    this.#tiers.length = 0;
    this.#tierOf.clear();
  }

  drop(id: NodeId): void {
    const tier = this.#tierOf.get(id);
    if (tier === undefined) return;
    this.#tiers[tier]?.delete(id);
    this.#tierOf.delete(id);
  }

  /** What to send now; each claim drawn counts as sent once, and rests after `sendings`. */
  draw(budget: Budget, sendings: number, except?: NodeId): readonly MemberClaim[] {
    if (this.#tierOf.size === 0) return NO_CLAIMS;
    const drawn = this.#choose(budget, except);
    for (const { claim, tier, rumour } of drawn) {
      this.drop(claim.member.id);
      if (tier + 1 < sendings) this.#put(claim.member.id, rumour, tier + 1);
    }
    return drawn.length === 0 ? NO_CLAIMS : drawn.map(({ claim }) => claim);
  }

  #choose(budget: Budget, except: NodeId | undefined) {
    const chosen: { claim: MemberClaim; tier: number; rumour: Rumour }[] = [];
    let bytes = 0;
    for (const [tier, rumours] of this.#tiers.entries()) {
      for (const [id, rumour] of rumours) {
        if (id === except) continue;
        if (chosen.length >= budget.claims) return chosen;
        // The first always goes: a claim larger than the budget must not block the others for ever.
        if (chosen.length > 0 && bytes + rumour.bytes > budget.bytes) return chosen;
        chosen.push({ claim: rumour.claim, tier, rumour });
        bytes += rumour.bytes;
      }
    }
    return chosen;
  }

  #put(id: NodeId, rumour: Rumour, tier: number): void {
    while (this.#tiers.length <= tier) this.#tiers.push(new Map());
    this.#tiers[tier]?.set(id, rumour);
    this.#tierOf.set(id, tier);
  }
}
