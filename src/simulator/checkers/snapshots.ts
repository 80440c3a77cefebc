import type { AgentInput } from "../../agent/inputs.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";
import type { Ledger } from "./ledger.ts";

/**
 * A member agrees to a plan only while what runs on it is what its leader's snapshot says: no VM has come, none has
 * gone to another host, and none has ended as far as it knows. What executes where is read from the hypervisors.
 */
export class SnapshotChecker implements Checker {
  readonly name = "snapshots";
  readonly #ledger: Ledger;
  /** Requests that have come: a duplicate gets its old answer. */
  readonly #seen = new Set<string>();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  stepped(
    host: SimulatedHost,
    input: AgentInput,
    effects: readonly AgentEffect[],
    world: CheckedWorld,
  ): readonly string[] {
    if (input.kind !== "message" || input.message.type !== "partition.check") return NOTHING_WRONG;
    const { pid, id } = input.message;
    const request = `${input.from}>${host.id}/${id}`;
    if (this.#seen.has(request)) return NOTHING_WRONG;
    this.#seen.add(request);
    const snapshot = this.#ledger.snapshots(pid).get(host.id);
    if (snapshot === undefined || !agrees(effects, id)) return NOTHING_WRONG;
    const known = new Set(snapshot.vms.map((vm) => vm.id));
    const here = host.executing();
    const come = here.filter((vm) => !known.has(vm));
    const held = new Set(host.domains().map(({ vm }) => vm)); // a whole copy may wait here, paused, to be told to go
    const gone = [...known].filter(
      (vm) => !held.has(vm) && world.hosts.some((one) => one !== host && one.executing().includes(vm)),
    );
    const missed = [...known].filter((vm) => host.agent?.lrt.inventory.get(vm) === undefined);
    return [
      ...missed.map((vm) => `${host.id} agrees to a plan of ${pid} and knows that its ${vm} is gone`),
      ...come.map((vm) => `${host.id} agrees to a plan of ${pid} that does not know its ${vm}`),
      ...gone.map((vm) => `${host.id} agrees to a plan of ${pid} although ${vm} has left it`),
    ];
  }
}

function agrees(effects: readonly AgentEffect[], re: number): boolean {
  return effects.some(
    (effect) =>
      effect.kind === "send" &&
      effect.message.type === "partition.reply" &&
      effect.message.re === re &&
      effect.message.body.kind === "checked" &&
      effect.message.body.ok,
  );
}
