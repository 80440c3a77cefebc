import type { AgentEffect } from "../../agent/turn.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type Checker, NOTHING_WRONG } from "./checker.ts";

type Steps = ReturnType<
  NonNullable<NonNullable<SimulatedHost["agent"]>["lrt"]["scheduler"]["leading"]>["steps"]
>;

const BUSY: ReadonlySet<string> = new Set(["assigning", "preparing", "ordering", "running"]);
const OVER: ReadonlySet<string> = new Set(["done", "failed", "skipped"]);

/**
 * Invariant 7 at every step, not only at the end: a partition that applies its plan always has an action under way
 * (it never waits for its life to be over), and gives no host back that an action of the plan still needs.
 */
export class ProgressChecker implements Checker {
  readonly name = "progress";

  stepped(host: SimulatedHost): readonly string[] {
    const steps = applied(host);
    if (steps.length === 0 || steps.some(({ stage }) => BUSY.has(stage))) return NOTHING_WRONG;
    const waiting = steps.filter(({ stage }) => !OVER.has(stage)).map(({ order }) => order.key);
    return waiting.length === 0 ? NOTHING_WRONG : [`nothing is under way, and ${waiting.join(", ")} wait`];
  }

  effect(host: SimulatedHost, effect: AgentEffect): readonly string[] {
    if (effect.kind !== "send" || effect.message.type !== "partition.release") return NOTHING_WRONG;
    const { pid, partitionEpoch } = effect.message;
    const { to } = effect;
    const leading = host.agent?.lrt.scheduler.leading;
    // one of an older epoch is repeated, and gives nothing back
    const meant = leading?.pid === pid && leading.ref().partitionEpoch === partitionEpoch;
    return meant ? needed(pid, to, applied(host)) : NOTHING_WRONG;
  }
}

function applied(host: SimulatedHost): Steps {
  const leading = host.agent?.lrt.scheduler.leading;
  return leading?.phase === "applying" ? leading.steps() : [];
}

function needed(pid: string, host: string, steps: Steps): readonly string[] {
  const open = steps.filter(
    ({ stage, order: { what } }) =>
      !OVER.has(stage) && (what.to === host || (what.kind === "migrate" && what.from === host)),
  );
  return open.map(({ order }) => `${pid} gives ${host} back, which ${order.key} still needs`);
}
