import type { AgentEffect } from "../../agent/turn.ts";
import type { ReplyBody } from "../../lrt/messages.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type Checker, NOTHING_WRONG } from "./checker.ts";

/** Answers of one process to remember; fewer than it remembers itself, so that it has forgotten none of these. */
const REMEMBERED = 200;

/** A request that comes again gets the answer that it got before, and is not carried out anew: at-most-once. */
export class AnswerChecker implements Checker {
  readonly name = "answers";
  /** Host → who asked, and the number of the question → the answer. */
  readonly #given = new Map<string, Map<string, ReplyBody>>();

  effect(host: SimulatedHost, effect: AgentEffect): readonly string[] {
    if (effect.kind !== "send" || effect.message.type !== "partition.reply") return NOTHING_WRONG;
    const { re, body } = effect.message;
    const given = this.#given.get(host.id) ?? new Map<string, ReplyBody>();
    this.#given.set(host.id, given);
    const question = `${effect.to}/${re}`;
    const before = given.get(question);
    if (before === undefined) remember(given, question, body);
    else if (before !== body && JSON.stringify(before) !== JSON.stringify(body))
      return [`${host.id} answers ${effect.to} ${body.kind} after it has answered ${before.kind}`];
    return NOTHING_WRONG;
  }

  processChanged(host: SimulatedHost): readonly string[] {
    this.#given.delete(host.id);
    return NOTHING_WRONG;
  }
}

function remember(given: Map<string, ReplyBody>, question: string, body: ReplyBody): void {
  given.set(question, body);
  const [oldest] = given.keys();
  if (given.size > REMEMBERED && oldest !== undefined) given.delete(oldest);
}
