import { expect, test } from "vitest";
import type { AgentEffect } from "../../../src/agent/turn.ts";
import type { CheckedWorld } from "../../../src/simulator/checkers/checker.ts";
import { ExecutionChecker } from "../../../src/simulator/checkers/execution.ts";
import type { SimulatedHost } from "../../../src/simulator/world/host.ts";

/** A VM that its VE has stopped is to be started again; `comes`: it is, and vanishes. */
function startedAgain(comes: boolean): readonly string[] {
  const checker = new ExecutionChecker();
  const host = (...vms: string[]) =>
    ({
      id: "h1",
      executing: () => vms,
      domains: () => vms.map((vm) => ({ vm, state: "running", pauseReason: null, job: "none" })),
    }) as unknown as SimulatedHost;
  const order = (command: object): void => {
    checker.effect(host(), { kind: "hypervisor", operation: 1, command } as unknown as AgentEffect);
  };
  const see = (...vms: string[]): readonly string[] => checker.hypervisorStepped(host(...vms));
  see("a");
  order({ kind: "stop", vm: "a" });
  see();
  order({ kind: "start", spec: { id: "a" } });
  const wrong = comes ? [...see("a"), ...see()] : [];
  return [...wrong, ...checker.unsettled({ hosts: [host()] } as unknown as CheckedWorld)];
}

test("what a VE starts again is there to stay, once it is there", () => {
  expect(startedAgain(false)).toEqual([]);
  expect(startedAgain(true)).toEqual(["a is nowhere, and nobody ended it", "a executes nowhere"]);
});
