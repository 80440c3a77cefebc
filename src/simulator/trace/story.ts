import type { Notification } from "../../agent/notifications.ts";
import { line } from "./line.ts";

interface Clock {
  readonly now: number;
}

/** Lines kept: a scenario has a few hundred; a replay of a bad seed must not eat the machine. */
const MAX_LINES = 100_000;

/** What happened, as people read it: one line per thing that matters, said once although many see it. */
export class Story {
  readonly #clock: Clock;
  readonly #kept: boolean;
  readonly #lines: string[] = [];
  /** What was said last of members (every host sees the same death) and of a host's operations. */
  readonly #said = new Map<string, string>();

  constructor(clock: Clock, kept: boolean) {
    this.#clock = clock;
    this.#kept = kept;
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  tell(who: string, what: string): void {
    if (!this.#kept || this.#lines.length >= MAX_LINES) return;
    const time = (this.#clock.now / 1000).toFixed(3).padStart(9);
    this.#lines.push(`${time} ${who.padEnd(4)} ${what}`);
  }

  notified(host: string, notification: Notification): void {
    if (!this.#kept) return;
    if (notification.kind === "member" && !this.#news(notification.change)) return;
    const text = line(notification, (node) => node);
    if (text !== null && !this.#repeats(host, notification, text)) this.tell(host, text);
  }

  /** An operation that is blocked says so every second: told once for as long as it says the same. */
  #repeats(host: string, { kind }: Notification, text: string): boolean {
    if (kind !== "operation") return false;
    const same = this.#said.get(`${host} operation`) === text;
    this.#said.set(`${host} operation`, text);
    return same;
  }

  /** Only the first host to see it tells it. */
  #news(change: Extract<Notification, { kind: "member" }>["change"]): boolean {
    if (!("member" in change)) return true;
    const { name, state } = change.member;
    if ((this.#said.get(name) ?? "alive") === state) return false;
    this.#said.set(name, state);
    return true;
  }
}
