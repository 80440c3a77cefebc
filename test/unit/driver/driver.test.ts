import { describe, expect, test } from "vitest";
import type { Agent } from "../../../src/agent/agent.ts";
import type { AgentInput } from "../../../src/agent/inputs.ts";
import type { Message } from "../../../src/agent/messages.ts";
import type { AgentEffect } from "../../../src/agent/turn.ts";
import { Driver } from "../../../src/driver/driver.ts";
import { ok } from "../../../src/lib/error.ts";

/** An agent that answers each input with the effects a test has written down for it. */
function world(script: (input: AgentInput) => readonly AgentEffect[], crashAt?: string, now = () => 0) {
  const log: string[] = [];
  const alarms: { at: number; fire: () => void }[] = [];
  const agent = { identity: { id: "me" }, step: script } as unknown as Agent;
  const driver: Driver = new Driver(
    agent,
    {
      clock: {
        now,
        at: (at, fire) => {
          const alarm = { at, fire };
          alarms.push(alarm);
          return () => alarms.splice(alarms.indexOf(alarm), 1);
        },
      },
      transport: {
        send: (to, message) => log.push(`send ${to} ${message.type}`),
        dial: (address) => log.push(`dial ${address}`),
        setAddresses: (peer) => log.push(`addresses ${peer}`),
      },
      journal: { write: (id) => log.push(`write ${id}`) },
      hypervisor: {
        run: (operation, command, by) =>
          log.push(`hypervisor ${operation} ${command.kind}${by === undefined ? "" : ` by ${by}`}`),
      },
      solver: {
        solve: (operation) => log.push(`solve ${operation}`),
        cancel: (operation) => log.push(`cancel ${operation}`),
      },
      replies: { reply: (request) => log.push(`reply ${request}`) },
      observer: { notify: ({ kind }) => log.push(`notify ${kind}`) },
    },
    { before: (effect) => effect.kind !== crashAt },
  );
  return { driver, log, alarms };
}

const message = (type: string): Message => ({ type }) as unknown as Message;
const send = (to: string, type: string, after?: number): AgentEffect => ({
  kind: "send",
  to,
  message: message(type),
  ...(after === undefined ? {} : { after }),
});
const persist = (id: number): AgentEffect => ({ kind: "persist", id, writes: [] });

describe("the driver", () => {
  test("holds an effect until the write it names is durable", () => {
    const { driver, log } = world(() => [persist(1), send("p", "partition.reply", 1)]);
    driver.start();
    expect(log).toEqual(["write 1"]);
    driver.persisted(1);
    expect(log).toEqual(["write 1", "send p partition.reply"]);
  });

  test("does not hold up what names no write, on another lane or to another peer", () => {
    const { driver, log } = world(() => [
      persist(1),
      send("p", "partition.reply", 1),
      send("p", "membership.ping"),
      send("q", "partition.reply"),
    ]);
    driver.start();
    expect(log).toEqual(["write 1", "send p membership.ping", "send q partition.reply"]);
  });

  test("keeps the order within a destination and lane behind a held effect", () => {
    const { driver, log } = world(() => [persist(1), send("p", "partition.a", 1), send("p", "partition.b")]);
    driver.start();
    driver.persisted(1);
    expect(log).toEqual(["write 1", "send p partition.a", "send p partition.b"]);
  });

  test("never begins a hypervisor command before its intent is on disk", () => {
    const command = { kind: "list" } as const;
    const { driver, log } = world(() => [
      persist(7),
      { kind: "hypervisor", operation: 3, command, after: 7 },
    ]);
    driver.start();
    expect(log).toEqual(["write 7"]);
    driver.persisted(7);
    expect(log).toEqual(["write 7", "hypervisor 3 list"]);
  });

  test("does not begin a hypervisor command whose time is over when its write is done: it has failed", () => {
    let now = 0;
    const inputs: AgentInput[] = [];
    const command = { kind: "list" } as const;
    const script = (input: AgentInput): readonly AgentEffect[] => {
      inputs.push(input);
      if (input.kind !== "started") return [];
      return [
        persist(7),
        { kind: "hypervisor", operation: 3, command, after: 7, by: 1000 },
        { kind: "hypervisor", operation: 4, command, after: 7, by: 1001 },
      ];
    };
    const { driver, log } = world(script, undefined, () => now);
    driver.start();
    now = 1001;
    driver.persisted(7);
    expect(log).toEqual(["write 7", "hypervisor 4 list by 1001"]);
    expect(inputs.slice(1)).toMatchObject([
      { kind: "hypervisor-completed", operation: 3, outcome: { ok: false } },
    ]);
  });

  test("brings a message to the own node back as an input, after its write", () => {
    const inputs: string[] = [];
    const { driver, log } = world((input) => {
      inputs.push(input.kind);
      return input.kind === "started" ? [persist(1), send("me", "partition.reply", 1)] : [];
    });
    driver.start();
    expect(inputs).toEqual(["started"]);
    driver.persisted(1);
    expect(inputs).toEqual(["started", "message"]);
    expect(log).toEqual(["write 1"]);
  });

  test("takes inputs that arrive during a step one after the other", () => {
    const order: string[] = [];
    const made = world((input) => {
      order.push(`${input.kind} begins`);
      if (input.kind === "started") made.driver.deliver({ kind: "stopping" });
      order.push(`${input.kind} ends`);
      return [];
    });
    made.driver.start();
    expect(order).toEqual(["started begins", "started ends", "stopping begins", "stopping ends"]);
  });

  test("moves a timer when it is set again, and forgets it when it is cleared", () => {
    const effects: AgentEffect[] = [
      { kind: "timer-set", timer: "t", token: 1, at: 10 },
      { kind: "timer-set", timer: "t", token: 2, at: 20 },
      { kind: "timer-set", timer: "u", token: 3, at: 30 },
      { kind: "timer-clear", timer: "u" },
    ];
    const { driver, alarms } = world((input) => (input.kind === "started" ? effects : []));
    driver.start();
    expect(alarms.map(({ at }) => at)).toEqual([20]);
  });

  test("executes nothing after the process has died between two effects", () => {
    const { driver, log } = world(
      () => [send("p", "partition.a"), { kind: "dial", address: "x" }, send("p", "partition.b")],
      "dial",
    );
    driver.start();
    expect(log).toEqual(["send p partition.a"]);
    driver.deliver({ kind: "stopping" });
    expect(log).toHaveLength(1);
  });

  test("answers a command at once when too much is waiting", () => {
    const made = world((input) => {
      if (input.kind !== "started") return [];
      for (let i = 0; i < 10_000; i++) made.driver.message("p", message("membership.ping"));
      made.driver.deliver({ kind: "command", request: "r", command: { type: "status" } });
      made.driver.message("p", message("membership.ping"));
      return [{ kind: "reply", request: "other", result: ok(null) }];
    });
    made.driver.start();
    expect(made.log).toEqual(["reply r", "reply other"]);
    expect(made.driver.dropped).toBe(2);
  });
});
