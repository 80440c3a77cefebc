import type { Notification } from "../../agent/notifications.ts";
import type { LrtConfig } from "../../lrt/config.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";

const WINDOW_MS = 1_800_000;

/**
 * As long as nothing happens to the world, no guest is moved to and fro for ever. What cannot be solved is tried again
 * ever more seldom, the pause doubles each time, and each try may move a guest out of the way and back.
 */
export class WanderingChecker implements Checker {
  readonly name = "wandering";
  readonly #most: number;
  /** When each VM was moved by what is not an operator's word, since something happened last. */
  readonly #moves = new Map<string, readonly number[]>();

  constructor({ backoffMs }: LrtConfig) {
    const tries = Math.ceil(Math.log2(Math.max(1, WINDOW_MS / backoffMs))) + 1;
    this.#most = 2 * tries;
  }

  disturbed(): void {
    this.#moves.clear();
  }

  notified(_host: SimulatedHost, notification: Notification, { now }: CheckedWorld): readonly string[] {
    if (notification.kind !== "action-ended" || notification.action !== "migrate") return NOTHING_WRONG;
    const { vm, event, role, outcome } = notification;
    const automatic = /\/(overload|underload|violation)\//.test(event);
    if (role !== "source" || outcome.kind !== "done" || !automatic) return NOTHING_WRONG;
    const recent = (this.#moves.get(vm) ?? []).filter((at) => now - at < WINDOW_MS);
    const moves = [...recent, now];
    this.#moves.set(vm, moves);
    if (moves.length <= this.#most) return NOTHING_WRONG;
    const seconds = Math.round((now - (moves[0] ?? now)) / 1000);
    return [`${vm} has been moved ${moves.length} times within ${seconds} s, and nothing has happened`];
  }
}
