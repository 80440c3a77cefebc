import type { PeerCommand } from "../../agent/commands.ts";
import type { AgentInput } from "../../agent/inputs.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type Checker, NOTHING_WRONG } from "./checker.ts";

interface Asked {
  readonly command: PeerCommand;
  /** Of its host's drain or mode: the last one, with what it has asked for. */
  readonly change: number | undefined;
}

/** Commands that came to a host and are not answered yet; more means that nobody answers. */
const MAX_OPEN = 1000;

/**
 * What an operator, or the agent that an operator asked, is told of a drain, its end or the balancing mode is on the disk
 * of the host that it is about: its agent may die the next moment. What has been changed again meanwhile is not looked at.
 */
export class PromiseChecker implements Checker {
  readonly name = "promises";
  readonly #asked = new Map<string, Asked>();
  readonly #heard = new Set<string>();
  /** By host: how often its drain or its mode has been changed. */
  readonly #changes = new Map<string, number>();

  stepped(host: SimulatedHost, input: AgentInput, effects: readonly AgentEffect[]): readonly string[] {
    if (effects.some(changes)) this.#changes.set(host.id, (this.#changes.get(host.id) ?? 0) + 1);
    if (input.kind === "command") this.#ask(host.id, input.request, input.command);
    if (input.kind === "message" && input.message.type === "control.ask")
      this.#ask(host.id, `${input.from}/${input.message.id}`, input.message.command);
    return NOTHING_WRONG;
  }

  effect(host: SimulatedHost, effect: AgentEffect): readonly string[] {
    const answer = answerOf(effect);
    const asked = answer === null ? undefined : this.#asked.get(`${host.id} ${answer.to}`);
    if (answer === null || asked === undefined || !answer.ok) return NOTHING_WRONG;
    const { command, change } = asked;
    this.#asked.delete(`${host.id} ${answer.to}`);
    return change !== this.#changes.get(host.id) || isKept(host, command)
      ? NOTHING_WRONG
      : [`${host.id} answers ${command.type}, which is not on its disk`];
  }

  processChanged(host: SimulatedHost): readonly string[] {
    for (const known of [this.#asked, this.#heard])
      for (const key of known.keys()) if (key.startsWith(`${host.id} `)) known.delete(key);
    return NOTHING_WRONG;
  }

  /** What comes again gets its old answer, whatever has been changed since. */
  #ask(host: string, request: string, command: PeerCommand): void {
    const key = `${host} ${request}`;
    if (this.#heard.has(key)) return;
    bounded(this.#heard.add(key));
    this.#asked.set(key, { command, change: this.#changes.get(host) });
    bounded(this.#asked);
  }
}

function bounded(known: Map<string, unknown> | Set<string>): void {
  const oldest = known.keys().next().value;
  if (known.size > MAX_OPEN && oldest !== undefined) known.delete(oldest);
}

function changes(effect: AgentEffect): boolean {
  return (
    effect.kind === "persist" &&
    effect.writes.some(({ key }) => key === "agent/drain" || key === "agent/mode")
  );
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
