/**
 * A node's doubt in itself (Lifeguard's local health): late timers, helpers that do not answer and being
 * suspected raise it, clean rounds lower it; the worse it is, the slower this node's suspicions of others age.
 * A round that came late is not counted at all: what was not answered may lie unread in our own queue.
 */
import type { Instant, Millis } from "../../lib/instant.ts";
import { WORST_HEALTH } from "./settings.ts";

export interface Round {
  /** More than half a period late: nothing may be concluded from silence. */
  readonly late: boolean;
  /** At least a whole period late: others may have begun to suspect us. */
  readonly stalled: boolean;
  readonly previous: Instant;
}

export class Health {
  #doubt = 0;
  #previous: Instant = 0;
  #expected: Instant = 0;
  /** Time awake since the last round trip with anybody. */
  #silence: Millis = 0;

  begin(now: Instant, firstRound: Instant): void {
    this.#previous = now;
    this.#expected = firstRound;
  }

  /** 0 is well; at most `WORST_HEALTH`. */
  get doubt(): number {
    return this.#doubt;
  }

  get silence(): Millis {
    return this.#silence;
  }

  /** Opens a round; `next` is when the one after is due. */
  round(now: Instant, period: Millis, next: Instant): Round {
    const lag = now - this.#expected;
    const round = { late: lag * 2 > period, stalled: lag >= period, previous: this.#previous };
    if (round.late) this.worse(round.stalled ? 2 : 1);
    else this.#silence += now - this.#previous;
    this.#previous = now;
    this.#expected = next;
    return round;
  }

  worse(by: number): void {
    this.#doubt = Math.min(WORST_HEALTH, this.#doubt + by);
  }

  better(): void {
    this.#doubt = Math.max(0, this.#doubt - 1);
  }

  /** Somebody answered something we sent. */
  answered(): void {
    this.#silence = 0;
  }
}
