/**
 * How an executing node makes the end of an order known: to the leader, who may be gone, and to the destination of a
 * migration, who may be away but must hear it in the end, for it holds a guest that runs only upon this word.
 *
 *   ended ─▶ told, both tried often ─▶ forgotten
 *                     ├─ the leader is silent, and this node still booked for it ─▶ told again
 *                     └─ the destination is away ─▶ owed ─▶ told once a minute ─▶ forgotten
 *
 * A leader that renews a booking takes the order for one that runs. One whose booking has ended here is told so when it
 * renews, and asks.
 *
 * The intent with its outcome stays in the journal until the destination has kept the word.
 */
import { assert } from "../../lib/assert.ts";
import { seconds } from "../../lib/instant.ts";
import { sortedEntries } from "../../lib/order.ts";
import type { NodeId } from "../../model/node.ts";
import type { Answer, Calls } from "../calls.ts";
import type { ActionKey, ActionOrder, ActionOutcome, PartitionId } from "../messages.ts";
import type { LrtTurn } from "../notifications.ts";
import { type Intent, intentKey } from "./intent.ts";

/** Enough tries for the other side to come back from a restart. */
const TRIES = 20;
/** Longer than the tries go on. */
const OWED_MS = seconds(60);
const TIMER = "lrt/owed";
/** Words that are owed at most: the oldest is given up, and whoever waits for it needs an operator. */
const MAX_OWED = 2048;

/** An end that these hosts have not confirmed yet. */
export interface Unconfirmed {
  readonly order: ActionOrder;
  /** The guest has stayed. */
  readonly failed: boolean;
  readonly by: readonly NodeId[];
}

export class Reports {
  readonly #calls: Calls;
  /** Ends that are being told, and who has not answered. */
  readonly #told = new Map<
    ActionKey,
    { readonly order: ActionOrder; readonly failed: boolean; readonly waiting: Set<NodeId> }
  >();
  readonly #booked: (pid: PartitionId) => boolean;
  readonly #owed = new Map<ActionKey, Intent>();

  /** @param booked whether this node is booked for that partition */
  constructor(calls: Calls, booked: (pid: PartitionId) => boolean) {
    this.#calls = calls;
    this.#booked = booked;
  }

  tell(intent: Intent, outcome: ActionOutcome, turn: LrtTurn): void {
    const { order, ref, leader } = intent;
    const ended = { ...intent, outcome };
    const after = turn.persist([{ key: intentKey(order.key), value: ended }]);
    const destination = order.what.kind === "migrate" ? order.what.to : null;
    const waiting = new Set(destination === null ? [leader] : [destination, leader]);
    this.#told.set(order.key, { order, failed: outcome.kind === "failed", waiting });
    const call = { type: "partition.ended", ...ref, key: order.key, outcome } as const;
    const send = (to: NodeId, now: LrtTurn): void => {
      const answered = (answer: Answer, later: LrtTurn): void => {
        const silent = answer.kind === "no-answer";
        if (silent && to === leader && this.#booked(ref.pid)) return send(to, later);
        waiting.delete(to);
        if (silent && to === destination) this.#owe(ended, later);
        if (waiting.size > 0) return;
        this.#told.delete(order.key);
        if (!this.#owed.has(order.key)) forget(order.key, later);
      };
      this.#calls.send(to, call, now, answered, { tries: TRIES, after });
    };
    for (const to of [...waiting]) send(to, turn);
  }

  /** Words that are owed. */
  get size(): number {
    return this.#owed.size;
  }

  /** Ends that somebody has not heard, as far as is known here. */
  unconfirmed(): readonly Unconfirmed[] {
    const told = [...this.#told.values()].map(({ waiting, ...ended }) => ({ ...ended, by: [...waiting] }));
    const owed = [...this.#owed.values()].map(({ order, outcome }) => {
      return { order, failed: outcome?.kind === "failed", by: [order.what.to] };
    });
    return [...told, ...owed];
  }

  /** How an order ended whose destination has not heard it yet. */
  owed(key: ActionKey): ActionOutcome | null {
    return this.#owed.get(key)?.outcome ?? null;
  }

  onTimer(timer: string, turn: LrtTurn): boolean {
    if (timer !== TIMER) return false;
    for (const [key, { order, ref, outcome }] of sortedEntries(this.#owed)) {
      assert(order.what.kind === "migrate" && outcome !== null, "words are owed to destinations only");
      const call = { type: "partition.ended", ...ref, key, outcome } as const;
      const answered = (answer: Answer, later: LrtTurn): void => {
        if (answer.kind !== "no-answer" && this.#owed.delete(key)) forget(key, later);
      };
      this.#calls.send(order.what.to, call, turn, answered, { tries: 1 });
    }
    if (this.#owed.size > 0) turn.setTimer(TIMER, OWED_MS);
    return true;
  }

  #owe(intent: Intent, turn: LrtTurn): void {
    this.#owed.set(intent.order.key, intent);
    turn.setTimer(TIMER, OWED_MS);
    if (this.#owed.size <= MAX_OWED) return;
    const [oldest] = this.#owed.keys();
    if (oldest === undefined) return;
    this.#owed.delete(oldest);
    forget(oldest, turn);
  }
}

function forget(key: ActionKey, turn: LrtTurn): void {
  turn.persist([{ key: intentKey(key), value: null }]);
}
