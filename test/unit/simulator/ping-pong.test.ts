import { expect, test } from "vitest";
import type { Notification } from "../../../src/agent/notifications.ts";
import type { EventCause } from "../../../src/lrt/scheduling/event.ts";
import { Agendas } from "../../../src/simulator/checkers/agendas.ts";
import type { CheckedWorld } from "../../../src/simulator/checkers/checker.ts";
import { PingPongChecker } from "../../../src/simulator/checkers/ping-pong.ts";
import type { SimulatedHost } from "../../../src/simulator/world/host.ts";

const OVERLOAD: EventCause = { kind: "overload", resource: "cpu", wanted: 5000, limit: 4000 };
const VIOLATION: EventCause = { kind: "violation", vms: ["a"], rule: "a requires disk=ssd" };

/** A VM that left h1 for h2 a second ago goes back for the rule of h2, by a partition that has these events, less those over. */
function goesBack(causes: readonly EventCause[], over: readonly string[] = []): readonly string[] {
  const agendas = new Agendas();
  const checker = new PingPongChecker(agendas, 600_000);
  const world = { now: 1000, hosts: [], host: () => undefined } as unknown as CheckedWorld;
  const host = (id: string, ...vms: string[]) => ({ id, executing: () => vms }) as unknown as SimulatedHost;
  const raise = (cause: EventCause): string => {
    const id = `h2/${cause.kind}/1.1`;
    agendas.notified({ kind: "event-raised", event: { id, origin: "h2", raisedAt: 0, cause } });
    return id;
  };
  const [own = "", ...taken] = causes.map(raise);
  agendas.notified({ kind: "partition-started", pid: "h2#1.1", event: own });
  const handOver = (id: number, event: string): void => {
    const travelling = { id: event, origin: "h2", ageMs: 0, cause: VIOLATION };
    const asked = {
      type: "partition.hand-over",
      id,
      pid: "h3#1.1",
      partitionEpoch: 1,
      to: "h2#1.1",
    } as const;
    const answer = { type: "partition.reply", re: id, body: { kind: "taken" } } as const;
    agendas.stepped({ kind: "message", from: "h3", message: { ...asked, event: travelling } }, [
      { kind: "send", to: "h3", message: answer },
    ]);
  };
  for (const [id, event] of taken.entries()) handOver(id, event);
  const looked = { kind: "checked", ok: false, reason: "over", gone: over, snapshot: null } as const;
  const looking = { type: "partition.reply", re: 9, body: looked } as const;
  agendas.stepped({ kind: "message", from: "h2", message: looking }, []);
  for (const [id, event] of taken.entries()) handOver(id, event); // a late duplicate gets the old answer
  checker.hypervisorStepped(host("h1", "a"), world);
  checker.hypervisorStepped(host("h1"), world);
  const started = {
    kind: "action-started",
    key: "h2#1.1@3/0",
    action: "migrate",
    vm: "a",
    name: "a",
    from: "h2",
  };
  const why = { to: "h1", event: "h2/violation/1.1", reason: "a rule" };
  return checker.notified(host("h2", "a"), { ...started, ...why } as Notification, world);
}

test("a rule may send a VM back, unless its partition sees to a load as well, which is not over", () => {
  expect(goesBack([VIOLATION])).toEqual([]);
  expect(goesBack([OVERLOAD, VIOLATION])).toEqual(["a goes back to h1, which it left 0 ms ago"]);
  expect(goesBack([VIOLATION, OVERLOAD])).toEqual(["a goes back to h1, which it left 0 ms ago"]);
  expect(goesBack([VIOLATION, OVERLOAD], ["h2/overload/1.1"])).toEqual([]);
});
