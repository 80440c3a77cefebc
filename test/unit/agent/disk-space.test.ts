import { describe, expect, test } from "vitest";
import { Agent, PROTOCOL } from "../../../src/agent/agent.ts";
import type { Command } from "../../../src/agent/commands.ts";
import type { AgentInput } from "../../../src/agent/inputs.ts";
import type { AgentEffect } from "../../../src/agent/turn.ts";
import { Random } from "../../../src/lib/random.ts";
import { DEFAULT_LRT_CONFIG } from "../../../src/lrt/config.ts";
import { sent } from "../../support/turn.ts";
import { manifest, template } from "../../support/ve-manifests.ts";

const PEER = "node-h2";

/** An agent whose hypervisor is connected and runs nothing. */
class Alone {
  readonly #agent = new Agent(
    { lrt: DEFAULT_LRT_CONFIG, membership: {} },
    {
      id: "node-h1",
      name: "h1",
      addresses: [],
      labels: {},
      capacity: { cpu: 8000, memory: 16_384 },
      boot: 1,
      joinedAt: "2026-01-01T00:00:00Z",
      version: `test/${PROTOCOL.max}`,
    },
    new Random("disk-space"),
    new Map(),
  );
  #now = 0;
  #calls = 0;

  constructor() {
    this.step({ kind: "started" });
    const info = { description: "test", migrationUri: "test:", capacity: { cpu: 8000, memory: 16_384 } };
    const effects = this.step({ kind: "hypervisor-event", event: { kind: "connected", info } });
    for (const effect of effects)
      if (effect.kind === "hypervisor" && effect.command.kind === "list")
        this.step({
          kind: "hypervisor-completed",
          operation: effect.operation,
          outcome: { ok: true, domains: [] },
        });
    const sample = { sampledAt: this.#now, domains: [] };
    this.step({ kind: "hypervisor-event", event: { kind: "usage", sample } });
  }

  step(input: AgentInput): readonly AgentEffect[] {
    this.#now += 1000;
    return this.#agent.step(input, this.#now);
  }

  /** What it answers a leader that would book it. */
  reserve(own: boolean): unknown {
    const pid = `${PEER}#${++this.#calls}`;
    const effects = this.step({
      kind: "message",
      from: PEER,
      message: {
        type: "partition.reserve",
        id: this.#calls,
        pid,
        partitionEpoch: 1,
        event: `${pid}/event`,
        ageMs: 0,
        own,
      },
    });
    const [reply] = sent(effects, "partition.reply");
    return reply?.message.type === "partition.reply" ? reply.message.body : undefined;
  }

  apply(name: string): unknown {
    return this.command({ type: "ve.apply", manifest: manifest(name, [template("web")]) });
  }

  command(command: Command): unknown {
    const effects = this.step({ kind: "command", request: `${++this.#calls}`, command });
    return effects.find((effect) => effect.kind === "reply")?.result;
  }
}

describe("without room on the disk", () => {
  test("a host is booked by nobody, and by others again when there is room", () => {
    const alone = new Alone();
    alone.step({ kind: "disk-space", state: "full" });
    expect(alone.reserve(false)).toEqual({ kind: "refused", reason: "the disk is full" });
    expect(alone.reserve(true)).toEqual({ kind: "refused", reason: "the disk is full" });
    alone.step({ kind: "disk-space", state: "ample" });
    expect(alone.reserve(false)).toMatchObject({ kind: "joined", snapshot: { draining: false } });
  });

  test("a host with little room still sheds what it has, and takes nothing", () => {
    const alone = new Alone();
    alone.step({ kind: "disk-space", state: "low" });
    expect(alone.reserve(false)).toEqual({ kind: "refused", reason: "the disk is nearly full" });
    expect(alone.reserve(true)).toMatchObject({ kind: "joined", snapshot: { draining: true } });
  });

  test("an operator's word is refused where it cannot be written down", () => {
    const alone = new Alone();
    alone.step({ kind: "disk-space", state: "full" });
    const refused = { ok: false, failure: { code: "busy", reason: "its disk is full" } };
    expect(alone.command({ type: "host.drain", host: "h1" })).toMatchObject(refused);
    expect(alone.command({ type: "host.restore", host: "h1" })).toMatchObject(refused);
    expect(alone.command({ type: "balance.mode", mode: "manual" })).toMatchObject({ ok: false });
    alone.step({ kind: "disk-space", state: "low" });
    expect(alone.command({ type: "balance.mode", mode: "manual" })).toMatchObject({ ok: true });
  });

  test("no VE is created, and one is as soon as there is room", () => {
    const alone = new Alone();
    alone.step({ kind: "disk-space", state: "low" });
    expect(alone.apply("shop")).toMatchObject({
      ok: false,
      failure: { code: "busy", reason: "its disk is full" },
    });
    alone.step({ kind: "disk-space", state: "ample" });
    expect(alone.apply("shop")).toMatchObject({ ok: true });
  });

  test("each change is said once", () => {
    const alone = new Alone();
    const said = (state: "ample" | "low" | "full"): number =>
      alone
        .step({ kind: "disk-space", state })
        .filter((effect) => effect.kind === "notify" && effect.notification.kind === "disk-space").length;
    expect([said("ample"), said("low"), said("low"), said("full"), said("ample")]).toEqual([0, 1, 0, 1, 1]);
  });
});
