/**
 * Open suspicions, each with its observers and its age. A suspicion ages only while this node is awake and not
 * isolated, and more slowly the less it trusts itself; the more observers agree, the sooner it ends (Lifeguard).
 */
import type { Instant, Millis } from "../../lib/instant.ts";
import { byText } from "../../lib/order.ts";
import type { NodeId } from "../../model/node.ts";
import { CONFIRMATIONS, doublings, type MembershipSettings } from "./settings.ts";

interface Suspicion {
  observers: readonly NodeId[];
  age: Millis;
  warned: boolean;
  readonly since: Instant;
}

interface Aged {
  /** Their time to refute is over. */
  readonly over: readonly NodeId[];
  /** It will be over with the next round; named once. */
  readonly ending: readonly NodeId[];
}

/** More than enough to confirm; the rest add nothing. */
const MOST_OBSERVERS = CONFIRMATIONS + 1;

export class Suspicions {
  readonly #open = new Map<NodeId, Suspicion>();
  readonly #settings: MembershipSettings;

  constructor(settings: MembershipSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#open.size;
  }

  observers(id: NodeId): readonly NodeId[] {
    return this.#open.get(id)?.observers ?? [];
  }

  open(id: NodeId, observers: readonly NodeId[], now: Instant): void {
    this.#open.set(id, { observers: merge([], observers), age: 0, warned: false, since: now });
  }

  close(id: NodeId): void {
    this.#open.delete(id);
  }

  /** Whether these observers added to what was known. */
  confirm(id: NodeId, observers: readonly NodeId[]): boolean {
    const suspicion = this.#open.get(id);
    if (suspicion === undefined) return false;
    const before = suspicion.observers.length;
    suspicion.observers = merge(suspicion.observers, observers);
    return suspicion.observers.length > before;
  }

  /** Lets the suspicions age by the time since `previous`. */
  age(now: Instant, previous: Instant, doubt: number, members: number): Aged {
    const over: NodeId[] = [];
    const ending: NodeId[] = [];
    for (const [id, suspicion] of this.#open) {
      suspicion.age += Math.floor((now - Math.max(previous, suspicion.since)) / (1 + doubt));
      const left = this.#patience(suspicion.observers.length, members) - suspicion.age;
      if (left <= 0) over.push(id);
      else if (left <= this.#settings.period && !suspicion.warned) {
        suspicion.warned = true;
        ending.push(id);
      }
    }
    return { over: over.sort(byText), ending: ending.sort(byText) };
  }

  /** Of two members each can have but one observer, of three two: no more confirmations are waited for. */
  #patience(observers: number, members: number): Millis {
    const { suspicionFloor, suspicionPerDoubling } = this.#settings;
    const confirmed = Math.max(suspicionFloor, suspicionPerDoubling * (doublings(members) - 1));
    const wanted = Math.min(CONFIRMATIONS, members - 1);
    return confirmed * (1 + Math.max(0, wanted - observers));
  }
}

function merge(known: readonly NodeId[], more: readonly NodeId[]): readonly NodeId[] {
  return [...new Set([...known, ...more])].slice(0, MOST_OBSERVERS);
}
