import { expect, test } from "vitest";
import type { AgentEffect } from "../../../src/agent/turn.ts";
import type { Agendas } from "../../../src/simulator/checkers/agendas.ts";
import { ConsentChecker } from "../../../src/simulator/checkers/consent.ts";
import type { Ledger } from "../../../src/simulator/checkers/ledger.ts";
import type { SimulatedHost } from "../../../src/simulator/world/host.ts";

const sends = (type: "partition.assign" | "partition.prepare"): AgentEffect =>
  ({
    kind: "send",
    to: "h2",
    message: { type, pid: "h1#1.1", partitionEpoch: 1, order: { vm: "a", event: "h1/overload/1.1" } },
  }) as unknown as AgentEffect;

test("a plan that has begun with a start goes on when the mode is changed", () => {
  const agent = { mode: "auto" };
  const host = { id: "h1", agent } as unknown as SimulatedHost;
  const begun = new ConsentChecker({} as Ledger, {} as Agendas);
  expect(begun.effect(host, sends("partition.assign"))).toEqual([]);
  agent.mode = "recommend";
  expect(begun.effect(host, sends("partition.prepare"))).toEqual([]);
  const late = new ConsentChecker({} as Ledger, {} as Agendas);
  expect(late.effect(host, sends("partition.prepare"))).toEqual([
    "h1#1.1 moves a for h1/overload/1.1 although the mode is recommend",
  ]);
});
