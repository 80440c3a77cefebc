import type { AgentInput } from "../../agent/inputs.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import { clampAge, older, type Priority } from "../../lrt/scheduling/event.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";

interface Waiter {
  readonly pid: string;
  readonly event: string;
  readonly raisedAt: number;
}

interface Holder extends Waiter {
  /** It was opened again when it was about to be over: whether it was depends on its host's clock. */
  readonly unsure?: boolean;
}

/** How much faster or slower than the world hosts' clocks go. */
const CLOCKS = 0.02;
/** Ages travel and are rounded: two that differ by less than this may be seen either way. */
const ABOUT_MS = 2000;

/**
 * Nobody starves: a node that is taken promises its hand-over slot to the oldest partition that asks, and keeps it
 * for that one when it becomes free, until it is taken, given up, or over.
 */
export class SlotChecker implements Checker {
  readonly name = "slots";
  readonly #slotMs: number;
  /** By host: who holds its slot, and since when that one may come. */
  readonly #slots = new Map<string, Holder>();
  readonly #openedAt = new Map<string, number>();
  readonly #asking = new Map<string, Waiter>();
  /** Requests that have come: a duplicate says nothing new. */
  readonly #seen = new Set<string>();

  constructor(slotMs: number) {
    this.#slotMs = slotMs;
  }

  stepped(
    host: SimulatedHost,
    input: AgentInput,
    effects: readonly AgentEffect[],
    { now }: CheckedWorld,
  ): readonly string[] {
    if (input.kind !== "message") return NOTHING_WRONG;
    const { message } = input;
    if (message.type === "partition.pass" && this.#slots.get(host.id)?.pid === message.pid)
      this.#slots.delete(host.id);
    if (message.type !== "partition.reserve") return NOTHING_WRONG;
    const { pid, event, ageMs, id } = message;
    const request = `${input.from}>${host.id}/${id}`;
    if (this.#seen.has(request)) return NOTHING_WRONG;
    this.#seen.add(request);
    const asker = { pid, event, raisedAt: now - clampAge(ageMs) };
    this.#asking.set(`${host.id} ${pid}`, asker);
    const answer = busy(effects, id);
    return answer === null || answer.holder === pid
      ? NOTHING_WRONG
      : this.#refused(host, asker, answer.slotted, now);
  }

  notified(host: SimulatedHost, notification: Notification, { now }: CheckedWorld): readonly string[] {
    if (notification.kind === "booking-ended") this.#open(host.id, now);
    if (notification.kind !== "booked") return NOTHING_WRONG;
    const slot = this.#slot(host.id, now, 1 - CLOCKS);
    const taker = this.#asking.get(`${host.id} ${notification.pid}`);
    if (slot?.pid === notification.pid) this.#slots.delete(host.id);
    if (slot === undefined || slot.unsure === true || taker === undefined || slot.pid === taker.pid)
      return NOTHING_WRONG;
    return surelyOlder(slot, taker, now)
      ? [`${host.id} joins ${taker.pid} while it keeps its slot for ${slot.pid}, which is older`]
      : NOTHING_WRONG;
  }

  #refused(host: SimulatedHost, asker: Waiter, slotted: boolean, now: number): readonly string[] {
    const holder = this.#slot(host.id, now, 1 + CLOCKS);
    if (slotted) {
      this.#slots.set(host.id, asker);
      this.#openedAt.delete(host.id);
    }
    // A busy answer of a free node only says that its slot is kept for somebody else.
    if (slotted || host.agent?.lrt.desk.free !== false) return NOTHING_WRONG;
    return holder === undefined || surelyOlder(asker, holder, now)
      ? [`${host.id} is taken and does not promise its slot to ${asker.pid}, the oldest that asked`]
      : NOTHING_WRONG;
  }

  /** A slot that is over is not opened a second time. */
  #open(host: string, now: number): void {
    const slot = this.#slot(host, now, 1 + CLOCKS);
    const surely = this.#slot(host, now, 1 - CLOCKS) !== undefined;
    if (slot === undefined) this.#slots.delete(host);
    else if (!surely) this.#slots.set(host, { ...slot, unsure: true });
    this.#openedAt.set(host, now);
  }

  /** Who holds a host's slot; it is over some time after that one could come. */
  #slot(host: string, now: number, clock: number): Holder | undefined {
    const openedAt = this.#openedAt.get(host) ?? now;
    return now - openedAt < this.#slotMs * clock ? this.#slots.get(host) : undefined;
  }

  processChanged(host: SimulatedHost): readonly string[] {
    for (const known of [this.#slots, this.#openedAt]) known.delete(host.id);
    // who was answered before it died is answered anew
    for (const request of this.#seen) if (request.includes(`>${host.id}/`)) this.#seen.delete(request);
    return NOTHING_WRONG;
  }
}

function busy(effects: readonly AgentEffect[], re: number) {
  for (const effect of effects) {
    if (effect.kind !== "send" || effect.message.type !== "partition.reply") continue;
    const { body } = effect.message;
    if (effect.message.re === re && body.kind === "busy") return body;
  }
  return null;
}

function surelyOlder(one: Waiter, other: Waiter, now: number): boolean {
  const age = ({ raisedAt, event }: Waiter, less: number): Priority => ({
    ageMs: now - raisedAt - less,
    id: event,
  });
  return older(age(one, ABOUT_MS), age(other, 0));
}
