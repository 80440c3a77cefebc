/**
 * News on its way: per member the newest claim, with how often it has been sent from here. What was sent
 * least goes first, and after about log2(n) sendings a rumour rests (everybody has it, or synchronisation
 * brings it). One queue per number of sendings keeps a draw as cheap as what it draws; a rumour that was
 * replaced stays in its queue and is passed over.
 */
import type { NodeId } from "../../model/node.ts";
import { claimSize } from "./claim.ts";
import type { MemberClaim } from "./messages.ts";

interface Rumour {
  readonly claim: MemberClaim;
  readonly bytes: number;
  sent: number;
}

interface Queue {
  rumours: Rumour[];
  head: number;
}

export interface Budget {
  readonly claims: number;
  readonly bytes: number;
}

export const NO_CLAIMS: readonly MemberClaim[] = [];
/** A queue is shortened when this much of it, and more than half, is behind its head. */
const SLACK = 64;

export class Rumours {
  readonly #current = new Map<NodeId, Rumour>();
  readonly #queues: Queue[] = [];

  get size(): number {
    return this.#current.size;
  }

  /** Those that wait to be drawn, the ones that were replaced included. */
  get queued(): number {
    return this.#queues.reduce((sum, { rumours }) => sum + rumours.length, 0);
  }

  /** Takes the place of what was told of that member before. */
  tell(claim: MemberClaim): void {
    const rumour = { claim, bytes: claimSize(claim), sent: 0 };
    this.#current.set(claim.member.id, rumour);
    this.#enqueue(rumour);
  }

  clear(): void {
    this.#current.clear();
    this.#queues.length = 0;
  }

  /** What to send now; each claim drawn counts as sent once, and rests after `sendings`. */
  draw(budget: Budget, sendings: number, except?: NodeId): readonly MemberClaim[] {
    if (this.#current.size === 0) return NO_CLAIMS;
    const drawn = this.#take(budget, except);
    for (const rumour of drawn) {
      rumour.sent++;
      if (rumour.sent < sendings) this.#enqueue(rumour);
      else this.#current.delete(rumour.claim.member.id);
    }
    return drawn.length === 0 ? NO_CLAIMS : drawn.map(({ claim }) => claim);
  }

  #take(budget: Budget, except: NodeId | undefined): readonly Rumour[] {
    const taken: Rumour[] = [];
    let excepted: Rumour | null = null;
    let bytes = 0;
    for (const queue of this.#queues) {
      for (let rumour = this.#first(queue); rumour !== null; rumour = this.#first(queue)) {
        // The first always goes: a claim larger than the budget must not block the others for ever.
        const full =
          taken.length >= budget.claims || (taken.length > 0 && bytes + rumour.bytes > budget.bytes);
        if (full) return this.#putBack(excepted, taken);
        queue.head++;
        if (rumour.claim.member.id === except) excepted = rumour;
        else {
          taken.push(rumour);
          bytes += rumour.bytes;
        }
      }
    }
    return this.#putBack(excepted, taken);
  }

  #putBack(excepted: Rumour | null, taken: readonly Rumour[]): readonly Rumour[] {
    if (excepted !== null) this.#enqueue(excepted);
    return taken;
  }

  /** The head of the queue, once what was replaced is behind it. */
  #first(queue: Queue): Rumour | null {
    for (; queue.head < queue.rumours.length; queue.head++) {
      const rumour = queue.rumours[queue.head] as Rumour;
      if (this.#current.get(rumour.claim.member.id) === rumour) return rumour;
    }
    return null;
  }

  #enqueue(rumour: Rumour): void {
    while (this.#queues.length <= rumour.sent) this.#queues.push({ rumours: [], head: 0 });
    const queue = this.#queues[rumour.sent] as Queue;
    if (queue.head > SLACK && queue.head * 2 > queue.rumours.length) {
      queue.rumours = queue.rumours.slice(queue.head);
      queue.head = 0;
    }
    queue.rumours.push(rumour);
  }
}
