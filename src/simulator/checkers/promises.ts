import type { PeerCommand } from "../../agent/commands.ts";
import type { AgentInput } from "../../agent/inputs.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type Checker, NOTHING_WRONG } from "./checker.ts";

/** Commands that came to a host and are not answered yet; more means that nobody answers. */
const MAX_OPEN = 1000;

/**
 * What an operator, or the agent that an operator asked, is told of a drain, its end or the balancing mode is on the disk
 * of the host that it is about: its agent may die the next moment.
 */
export class PromiseChecker implements Checker {
  readonly name = "promises";
  readonly #asked = new Map<string, PeerCommand>();

  stepped(host: SimulatedHost, input: AgentInput): readonly string[] {
    if (input.kind === "command") this.#ask(`${host.id} ${input.request}`, input.command);
    if (input.kind === "message" && input.message.type === "control.ask")
      this.#ask(`${host.id} ${input.from}/${input.message.id}`, input.message.command);
    return NOTHING_WRONG;
  }

  effect(host: SimulatedHost, effect: AgentEffect): readonly string[] {
    const answer = answerOf(effect);
    const command = answer === null ? undefined : this.#asked.get(`${host.id} ${answer.to}`);
    if (answer === null || command === undefined || !answer.ok) return NOTHING_WRONG;
    this.#asked.delete(`${host.id} ${answer.to}`);
    return isKept(host, command)
      ? NOTHING_WRONG
      : [`${host.id} answers ${command.type}, which is not on its disk`];
  }

  processChanged(host: SimulatedHost): readonly string[] {
    for (const key of this.#asked.keys()) if (key.startsWith(`${host.id} `)) this.#asked.delete(key);
    return NOTHING_WRONG;
  }

  #ask(key: string, command: PeerCommand): void {
    this.#asked.set(key, command);
    const oldest = this.#asked.keys().next().value;
    if (this.#asked.size > MAX_OPEN && oldest !== undefined) this.#asked.delete(oldest);
  }
}

function answerOf(effect: AgentEffect): { readonly to: string; readonly ok: boolean } | null {
  if (effect.kind === "reply") return { to: effect.request, ok: effect.result.ok };
  if (effect.kind !== "send" || effect.message.type !== "control.answer") return null;
  return { to: `${effect.to}/${effect.message.re}`, ok: effect.message.result.ok };
}

function isKept({ id, disk }: SimulatedHost, command: PeerCommand): boolean {
  switch (command.type) {
    case "host.drain":
      return command.dryRun === true || command.host !== id || disk.read("agent/drain") !== undefined;
    case "host.restore":
      return command.host !== id || disk.read("agent/drain") === undefined;
    case "balance.mode":
    case "agent.set-mode":
      return disk.read("agent/mode") === JSON.stringify(command.mode);
    default:
      return true;
  }
}
