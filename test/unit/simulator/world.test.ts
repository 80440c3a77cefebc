import { describe, expect, it } from "vitest";
import { EventQueue } from "../../../src/simulator/kernel/event-queue.ts";
import { play } from "../../../src/simulator/scenario/folder.ts";
import { runScenario } from "../../../src/simulator/scenario/run.ts";
import { SCENARIO } from "../../../src/simulator/scenario/schema.ts";
import { Disk } from "../../../src/simulator/world/disk.ts";

/** The story of one overloaded host beside an idle one. */
function story(script: readonly string[], world: object = {}): readonly string[] {
  const shape = SCENARIO.parse({
    hosts: [
      { name: "h1", vms: [{ name: "v#", count: 3, load: 1200 }] },
      { name: "h2", vms: [] },
    ],
    ...world,
  });
  const played = play(shape, ["15s load v1 3000", ...script, "120s end"].join("\n"), {
    folder: "test",
    script: "test",
  });
  if (!played.ok) throw new Error(played.failure.message);
  return runScenario({ name: "test", summary: "", shape, ...played.value, expected: null }).log.split("\n");
}

/** Simulated seconds of the first line that has `text`. */
function when(lines: readonly string[], text: string): number {
  return Number(/^ *([\d.]+)/.exec(lines.find((line) => line.includes(text)) ?? "")?.[1]);
}

/** From the event to its plan. */
const took = (lines: readonly string[] = []): number => when(lines, "plans (") - when(lines, "raises");

describe("a simulated world", () => {
  it("charges its solvers what a decision costs in it", () => {
    const [cheap, dear] = [0.005, 1000].map((msPerDecision) => story([], { msPerDecision }));
    expect(took(dear)).toBeGreaterThan(took(cheap) + 0.9);
  });

  it("lets an agent that starts anew be as slow as its host's processor", () => {
    const slow = story(["15s slow-cpu h1 50ms", "15s kill-agent h1", "16s start-agent h1"]);
    expect(took(slow)).toBeGreaterThan(took(story(["15s kill-agent h1", "16s start-agent h1"])) + 0.1);
  });

  it("lets an agent whose disk is full begin when there is room, and tells it so", () => {
    const lines = story([
      "15s disk-space h1 full",
      "15s kill-agent h1",
      "16s start-agent h1",
      "60s disk-space h1 low",
    ]);
    expect(when(lines, "h1   has low room on its disk")).toBe(60);
    expect(when(lines, "h1   raises")).toBeGreaterThan(60);
  });
});

describe("a simulated disk", () => {
  const opened = () => {
    const queue = new EventQueue();
    const disk = new Disk(
      queue,
      () => 1,
      (pending) => pending,
    );
    const persisted: number[] = [];
    const journal = disk.open(
      (id) => persisted.push(id as unknown as number),
      () => true,
    );
    const write = (id: number): void => journal.write(id as never, [{ key: `k${id}`, value: id }]);
    const run = (): void => {
      while (queue.step(1000));
    };
    return { disk, persisted, write, run };
  };

  it("keeps writes waiting while it is full, and makes them durable in order when there is room", () => {
    const { disk, persisted, write, run } = opened();
    disk.space = "full";
    write(1);
    write(2);
    run();
    expect([persisted, disk.read("k1")]).toEqual([[], undefined]);
    disk.space = "low";
    expect([persisted, disk.read("k2")]).toEqual([[1, 2], "2"]);
  });

  it("has nothing of what waits for room when the process dies", () => {
    const { disk, persisted, write, run } = opened();
    disk.space = "full";
    write(1);
    run();
    disk.processDied();
    disk.space = "ample";
    expect([persisted, disk.read("k1")]).toEqual([[], undefined]);
  });
});
