import type { Millis } from "../lib/instant.ts";
import { sortedEntries } from "../lib/order.ts";
import type { NodeId } from "../model/node.ts";
import type { PartitionRequest, ReplyBody } from "./messages.ts";
import type { LrtTurn } from "./notifications.ts";

type WithoutId<T> = T extends { readonly id: number } ? Omit<T, "id"> : never;
/** A request before it has its message id. */
export type Call = WithoutId<PartitionRequest>;

/** What a call came to: the answer, or nothing after every try. */
export type Answer = ReplyBody | { readonly kind: "no-answer" };

interface Pending {
  readonly to: NodeId;
  readonly message: PartitionRequest;
  readonly done: (answer: Answer, turn: LrtTurn) => void;
  tries: number;
}

const TIMER = "lrt/call/";

/**
 * At-least-once requests: each is repeated with the same message id until it is answered, its tries are used
 * up, or its owner calls it off. The receiver answers a duplicate with its old answer (`AnswerCache`).
 */
export class Calls {
  readonly #pending = new Map<number, Pending>();
  readonly #intervalMs: Millis;
  readonly #tries: number;
  #next: number;

  /** @param first message ids start here; it grows over restarts so that old answers never match. */
  constructor(options: { readonly intervalMs: Millis; readonly tries: number; readonly first: number }) {
    this.#intervalMs = options.intervalMs;
    this.#tries = options.tries;
    this.#next = options.first;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Sends `call`; `done` is called exactly once unless the call is called off. */
  send(
    to: NodeId,
    call: Call,
    turn: LrtTurn,
    done: Pending["done"],
    options?: { tries?: number; after?: number },
  ): number {
    const id = this.#next++;
    const message = { ...call, id } as PartitionRequest;
    this.#pending.set(id, { to, message, done, tries: options?.tries ?? this.#tries });
    turn.send(to, message, options?.after);
    turn.setTimer(`${TIMER}${id}`, this.#intervalMs);
    return id;
  }

  cancel(id: number, turn: LrtTurn): void {
    if (this.#pending.delete(id)) turn.clearTimer(`${TIMER}${id}`);
  }

  onReply(from: NodeId, re: number, body: ReplyBody, turn: LrtTurn): void {
    const call = this.#pending.get(re);
    if (call === undefined || call.to !== from) return;
    this.cancel(re, turn);
    call.done(body, turn);
  }

  /** @returns whether the timer was one of a call's. */
  onTimer(timer: string, turn: LrtTurn): boolean {
    if (!timer.startsWith(TIMER)) return false;
    const id = Number(timer.slice(TIMER.length));
    const call = this.#pending.get(id);
    if (call === undefined) return true;
    call.tries--;
    if (call.tries <= 0) {
      this.#pending.delete(id);
      call.done({ kind: "no-answer" }, turn);
    } else {
      turn.send(call.to, call.message);
      turn.setTimer(timer, this.#intervalMs);
    }
    return true;
  }

  /** Ends every call to a peer that membership has declared dead. */
  onPeerDead(peer: NodeId, turn: LrtTurn): void {
    const calls = sortedEntries(
      new Map([...this.#pending].map(([id, call]) => [String(id).padStart(12, "0"), call])),
    );
    for (const [key, call] of calls) {
      const id = Number(key);
      if (call.to !== peer || !this.#pending.has(id)) continue;
      this.cancel(id, turn);
      call.done({ kind: "no-answer" }, turn);
    }
  }
}

/** How many answers a node remembers: a leader has few requests under way to one node. */
const REMEMBERED_ANSWERS = 256;

/** The answers given lately: a duplicate request gets the old one and changes nothing. */
export class AnswerCache {
  readonly #answers = new Map<string, ReplyBody | null>();

  /** `undefined`: never seen; `null`: seen, its answer is still being made. */
  get(from: NodeId, id: number): ReplyBody | null | undefined {
    return this.#answers.get(`${from}/${id}`);
  }

  get size(): number {
    return this.#answers.size;
  }

  set(from: NodeId, id: number, answer: ReplyBody | null): void {
    this.#answers.set(`${from}/${id}`, answer);
    if (this.#answers.size <= REMEMBERED_ANSWERS) return;
    const oldest = this.#answers.keys().next().value;
    if (oldest !== undefined) this.#answers.delete(oldest);
  }
}
