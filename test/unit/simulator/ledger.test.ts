import { expect, test } from "vitest";
import type { AgentInput } from "../../../src/agent/inputs.ts";
import type { AgentEffect } from "../../../src/agent/turn.ts";
import { Ledger } from "../../../src/simulator/checkers/ledger.ts";
import type { SimulatedHost } from "../../../src/simulator/world/host.ts";

test("a late answer to a question that was given up is not what a leader knows", () => {
  const host = { id: "h1" } as unknown as SimulatedHost;
  const ledger = new Ledger();
  const ask = (id: number): AgentEffect =>
    ({
      kind: "send",
      to: "h2",
      message: { type: "partition.reserve", pid: "h1#1.1", id },
    }) as unknown as AgentEffect;
  const joined = (re: number, version: number): AgentInput =>
    ({
      kind: "message",
      from: "h2",
      message: { type: "partition.reply", re, body: { kind: "joined", snapshot: { node: "h2", version } } },
    }) as unknown as AgentInput;
  for (const id of [7, 8]) ledger.effect(host, ask(id), 0);
  ledger.stepped(host, joined(8, 2));
  ledger.stepped(host, joined(7, 1));
  expect(ledger.snapshots("h1#1.1").get("h2")?.version).toBe(2);
});
