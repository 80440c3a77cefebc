/** What a partition's time goes into: asking hosts (build), solving (compute), carrying out (apply). */
import type { Instant } from "../../lib/instant.ts";
import type { PartitionTimes } from "../notifications.ts";

type Share = "build" | "compute" | "apply";

export class Stopwatch {
  readonly #spent = { build: 0, compute: 0, apply: 0 };
  readonly #raisedAt: Instant;
  #startedAt: Instant = 0;
  #since: Instant = 0;

  /** @param raisedAt of the partition's event */
  constructor(raisedAt: Instant) {
    this.#raisedAt = raisedAt;
  }

  start(now: Instant): void {
    this.#startedAt = now;
    this.#since = now;
  }

  /** From here on the time goes into something else. */
  turnTo(now: Instant): void {
    this.#since = now;
  }

  /** The time since the last turn went into this; what follows is another turn. */
  spent(share: Share, now: Instant): void {
    this.#spent[share] += now - this.#since;
    this.#since = now;
  }

  times(): PartitionTimes {
    const { build, compute, apply } = this.#spent;
    const waitMs = this.#startedAt - this.#raisedAt;
    return { waitMs, buildMs: build, computeMs: compute, applyMs: apply };
  }
}
