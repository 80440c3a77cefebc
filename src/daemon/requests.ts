import { randomUUID } from "node:crypto";
import type { Command } from "../agent/commands.ts";
import { fail, type Result } from "../lib/error.ts";
import type { RequestId } from "../ports/effects.ts";
import type { ReplyPort } from "../ports/ports.ts";
import type { Relay } from "./relay.ts";

/** Requests under way at once: more is refused before the agent sees it. */
const MAX_REQUESTS = 1024;

/** Turns the agent's replies back into the promises of whoever asked through the control API. */
export class Requests implements ReplyPort {
  readonly #relay: Relay;
  readonly #waiting = new Map<RequestId, (result: Result<unknown>) => void>();

  constructor(relay: Relay) {
    this.#relay = relay;
  }

  /** Hands a command to the agent; answers when the agent does, or when `signal` says that nobody waits any more. */
  execute(command: Command, signal: AbortSignal): Promise<Result<unknown>> {
    if (this.#waiting.size >= MAX_REQUESTS) {
      return Promise.resolve(
        fail({ code: "busy", message: "too many requests are under way", hint: "try again in a moment" }),
      );
    }
    const request = randomUUID();
    return new Promise((resolve) => {
      const answer = (result: Result<unknown>): void => {
        signal.removeEventListener("abort", abandon);
        this.#waiting.delete(request);
        resolve(result);
      };
      const abandon = (): void =>
        answer(fail({ code: "timed-out", message: "the agent did not answer in time" }));
      this.#waiting.set(request, answer);
      signal.addEventListener("abort", abandon, { once: true });
      if (signal.aborted) abandon();
      else this.#relay.deliver({ kind: "command", request, command });
    });
  }

  reply(request: RequestId, result: Result<unknown>): void {
    this.#waiting.get(request)?.(result);
  }

  /** The agent stops: nobody is left waiting. */
  close(): void {
    for (const answer of [...this.#waiting.values()])
      answer(fail({ code: "unreachable", message: "the agent is stopping" }));
  }
}
