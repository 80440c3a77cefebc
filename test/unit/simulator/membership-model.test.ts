import { describe, expect, it } from "vitest";
import type { Notification } from "../../../src/agent/notifications.ts";
import { DEFAULT_LRT_CONFIG } from "../../../src/lrt/config.ts";
import type { Checker } from "../../../src/simulator/checkers/checker.ts";
import { MembershipModel } from "../../../src/simulator/membership/model.ts";
import { settledMembership } from "../../../src/simulator/membership/settled.ts";
import { Simulation } from "../../../src/simulator/simulation.ts";
import type { HostSpec } from "../../../src/simulator/world/host.ts";

const HOSTS: readonly HostSpec[] = ["a", "b", "c"].map((id) => ({
  id,
  labels: {},
  capacity: { cpu: 4000, memory: 4096 },
  domains: [],
}));

/** Writes down what agents say of their membership. */
class Heard implements Checker {
  readonly name = "heard";
  readonly lines: string[] = [];

  notified(host: { readonly id: string }, notification: Notification): readonly string[] {
    if (notification.kind !== "member" || !("member" in notification.change)) return [];
    this.lines.push(`${host.id}: ${notification.change.member.id} ${notification.change.kind}`);
    return [];
  }
}

function modelled() {
  const model = new MembershipModel(HOSTS);
  const heard = new Heard();
  const config = { lrt: DEFAULT_LRT_CONFIG, membership: {} };
  const checkers = [model, heard];
  const simulation = new Simulation({ seed: "m", hosts: HOSTS, config, checkers, membership: model.make });
  model.bind(simulation);
  simulation.start();
  simulation.run(1000);
  return { model, heard, simulation };
}

const stateOf = (simulation: Simulation, of: string) =>
  simulation.host("b")?.agent?.membership.get(of)?.state;

describe("modelled membership", () => {
  it("has every host from the beginning, and sends nothing", () => {
    const { simulation } = modelled();
    expect(
      simulation
        .host("b")
        ?.agent?.members()
        .map(({ id }) => id),
    ).toEqual(["a", "b", "c"]);
    expect(simulation.network.traffic.get("membership")).toBeUndefined();
  });

  it("notices a death after two periods and the least suspicion, and tells it a little later", () => {
    const { simulation, heard } = modelled();
    simulation.host("a")?.killAgent();
    simulation.run(4999);
    expect(stateOf(simulation, "a")).toBe("alive");
    simulation.run(5001);
    expect(stateOf(simulation, "a")).toBe("dead");
    expect(heard.lines).toEqual([]);
    simulation.run(6000);
    expect(heard.lines).toEqual(["b: a died", "c: a died"]);
  });

  it("does not notice a process that is back in time", () => {
    const { simulation, heard } = modelled();
    simulation.host("a")?.killAgent();
    simulation.run(2000);
    simulation.host("a")?.startAgent();
    simulation.run(20_000);
    expect(stateOf(simulation, "a")).toBe("alive");
    expect(heard.lines).toEqual([]);
  });

  it("tells of one that comes back after its death, and of one that drains", () => {
    const { simulation, heard } = modelled();
    simulation.host("a")?.killAgent();
    simulation.run(10_000);
    simulation.host("a")?.startAgent();
    simulation.run(20_000);
    simulation.host("c")?.command({ type: "host.drain", host: "c" }, () => {});
    simulation.run(25_000);
    expect(heard.lines.filter((line) => line.startsWith("b:"))).toEqual([
      "b: a died",
      "b: a returned",
      "b: c updated",
    ]);
    expect(simulation.host("b")?.agent?.membership.get("c")?.draining).toBe(true);
  });

  it("counts two messages for every host and second", () => {
    const { model } = modelled();
    expect(model.heartbeats(3, 10_000).messages).toBe(60);
  });
});

describe("settled membership", () => {
  it("lets agents know one another when they start, without any news of it", () => {
    const heard = new Heard();
    const config = { lrt: DEFAULT_LRT_CONFIG, membership: {} };
    const membership = settledMembership(HOSTS);
    const simulation = new Simulation({ seed: "s", hosts: HOSTS, config, checkers: [heard], membership });
    simulation.start();
    expect(
      simulation
        .host("a")
        ?.agent?.members()
        .map(({ id }) => id),
    ).toEqual(["a", "b", "c"]);
    simulation.run(30_000);
    expect(heard.lines).toEqual([]);
    simulation.host("a")?.killAgent();
    simulation.run(50_000);
    expect(stateOf(simulation, "a")).toBe("dead");
  });
});
