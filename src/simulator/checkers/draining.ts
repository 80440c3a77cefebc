import type { DrainState } from "../../agent/drain.ts";
import type { AgentInput } from "../../agent/inputs.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { Domain } from "../../hypervisor/domain.ts";
import type { Intent } from "../../lrt/execution/intent.ts";
import type { Write } from "../../ports/effects.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";

const INTENTS = "lrt/intent/";
const RECORDS = "registry/record/";

/** What a host has written down that its draining must wait for. */
interface Kept {
  /** Orders that have not ended here, or whose end somebody has not heard, and since when. */
  readonly intents: Map<string, { readonly intent: Intent; readonly since: number }>;
  readonly records: Set<string>;
}

/**
 * A host that drains, or is drained, promises to take in nothing more. *Drained* means that it may be switched off: no
 * guest of ours and no record is there, nothing is promised, and nobody waits for its word; if a guest or a record
 * comes all the same, it drains again at once.
 */
export class DrainingChecker implements Checker {
  readonly name = "draining";
  readonly #states = new Map<string, DrainState>();
  readonly #kept = new Map<string, Kept>();

  stepped(
    host: SimulatedHost,
    input: AgentInput,
    effects: readonly AgentEffect[],
    world: CheckedWorld,
  ): readonly string[] {
    const { now } = world;
    const before = this.#states.get(host.id) ?? "no";
    for (const effect of effects) if (effect.kind === "persist") this.#keep(host, effect.writes, now);
    const state = effects.reduce(stateAfter, before);
    this.#states.set(host.id, state);
    if (before === "no" || state === "no")
      return state === "drained" ? this.#left(host, world) : NOTHING_WRONG;
    const wrong = promises(host, input, effects);
    if (state !== "drained") return wrong;
    return [...wrong, ...(before === "drained" ? stays(host, input, effects) : this.#left(host, world))];
  }

  processChanged(host: SimulatedHost, what: "started" | "died", { now }: CheckedWorld): readonly string[] {
    if (what === "died") return NOTHING_WRONG;
    const read = <T>(key: string): T | null => JSON.parse(host.disk.read(key) ?? "null") as T | null;
    this.#states.set(host.id, read<{ state: DrainState }>("agent/drain")?.state ?? "no");
    this.#kept.set(host.id, { intents: new Map(), records: new Set() });
    const keys = [...host.disk.keys(INTENTS), ...host.disk.keys(RECORDS)];
    const writes = keys.map((key) => ({ key, value: read<unknown>(key) }));
    this.#keep(host, writes, now);
    return NOTHING_WRONG;
  }

  /** As its agent has written it, whether it is on disk already or not. */
  #keep(host: SimulatedHost, writes: readonly Write[], now: number): void {
    const kept = this.#kept.get(host.id);
    if (kept === undefined) return;
    for (const { key, value } of writes) {
      if (key.startsWith(RECORDS)) kept.records[value === null ? "delete" : "add"](key);
      if (!key.startsWith(INTENTS)) continue;
      const since = kept.intents.get(key)?.since ?? now;
      if (value === null) kept.intents.delete(key);
      else kept.intents.set(key, { intent: value as Intent, since });
    }
  }

  /** What is still there when a host says that it is drained. */
  #left(host: SimulatedHost, { now }: CheckedWorld): readonly string[] {
    const { intents = new Map<string, never>(), records = new Set<string>() } = this.#kept.get(host.id) ?? {};
    const leaseMs = host.agent?.lrtConfig.leaseMs ?? 0;
    const aside = new Set<string>();
    const wrong: string[] = [];
    for (const [key, { intent, since }] of intents) {
      if (intent.role === "destination" && now - since >= leaseMs) aside.add(intent.order.vm);
      else if (intent.outcome === null) wrong.push(`${host.id} is drained and has ${key} open`);
      // That the guest has stayed frees a copy that never ran: a host that is held for dead may hear it later.
      else if (intent.outcome.kind !== "failed" || isAlive(host, intent.order.what.to))
        wrong.push(`${host.id} is drained and has not told how ${key} ended`);
    }
    const guests = host.domains().filter(({ vm, stamp }) => stamp !== null && !aside.has(vm));
    wrong.push(...guests.map(({ vm }) => `${host.id} is drained and has ${vm}`));
    return [...wrong, ...[...records].map((key) => `${host.id} is drained and has ${key}`)];
  }
}

function isAlive({ agent }: SimulatedHost, other: string): boolean {
  return agent?.membership.get(other)?.state === "alive";
}

function stateAfter(state: DrainState, effect: AgentEffect): DrainState {
  if (effect.kind !== "notify" || effect.notification.kind !== "drain") return state;
  const told: Extract<Notification, { kind: "drain" }>["state"] = effect.notification.state;
  return told === "restored" ? "no" : told;
}

/** An order to take a guest in, or to start one, that a draining host has promised to carry out. */
function promises(
  host: SimulatedHost,
  input: AgentInput,
  effects: readonly AgentEffect[],
): readonly string[] {
  if (input.kind !== "message") return NOTHING_WRONG;
  const { message } = input;
  if (message.type !== "partition.prepare" && message.type !== "partition.execute") return NOTHING_WRONG;
  const { order } = message;
  const promised = effects.some(
    (effect) =>
      effect.kind === "persist" && effect.writes.some(({ key }) => key === `${INTENTS}${order.key}`),
  );
  return promised && order.what.to === host.id
    ? [`${host.id} is draining and takes ${order.vm} in by ${order.key}`]
    : NOTHING_WRONG;
}

/** What a host has learnt of, or begun, in a step after which it is as drained as before. */
function stays(host: SimulatedHost, input: AgentInput, effects: readonly AgentEffect[]): readonly string[] {
  const listed = host.agent?.lrt.inventory.listed === true;
  // A listing may be told late, when who was there has left.
  const here = new Set(host.domains().map(({ vm }) => vm));
  const guests = listed ? toldOf(input).filter(({ vm, stamp }) => stamp !== null && here.has(vm)) : [];
  const started = effects.flatMap((effect) =>
    effect.kind === "hypervisor" && effect.command.kind === "start" ? [effect.command.spec.id] : [],
  );
  const taken = effects
    .flatMap((effect) => (effect.kind === "persist" ? effect.writes : []))
    .filter(({ key, value }) => key.startsWith(RECORDS) && value !== null);
  const came = [...guests.map(({ vm }) => vm), ...started, ...taken.map(({ key }) => key)];
  return came.map((what) => `${what} has come to ${host.id}, which stays drained`);
}

function toldOf(input: AgentInput): readonly Domain[] {
  if (input.kind === "hypervisor-event" && input.event.kind === "domain-changed")
    return input.event.domain === null ? [] : [input.event.domain];
  if (input.kind === "hypervisor-completed" && input.outcome.ok) return input.outcome.domains ?? [];
  return [];
}
