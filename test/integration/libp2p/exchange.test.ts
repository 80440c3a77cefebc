import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LANES } from "../../../src/ports/codec.ts";
import { eventually, introduce, MAX_BYTES, notesOf, Peers, upTo } from "./peers.ts";

let peers: Peers;
beforeEach(() => {
  peers = new Peers();
});
afterEach(() => peers.stop());

describe("agents exchange messages over TCP", () => {
  it("delivers every lane's messages in order, in both directions at once", async () => {
    const [a, b] = [await peers.start("a"), await peers.start("b")];
    introduce(a, b);
    for (const n of upTo(200))
      for (const lane of LANES) {
        a.transport.send(b.transport.id, { lane, n });
        b.transport.send(a.transport.id, { lane, n });
      }
    await eventually("all arrived", () => a.received.length === 600 && b.received.length === 600);
    for (const lane of LANES) {
      expect(notesOf(b, a, lane)).toEqual(upTo(200));
      expect(notesOf(a, b, lane)).toEqual(upTo(200));
    }
  });

  it("lets five agents talk, each with each", async () => {
    const five = await Promise.all(upTo(5).map((n) => peers.start(`node-${n}`)));
    introduce(...five);
    for (const n of upTo(20))
      for (const from of five)
        for (const to of five)
          if (from !== to) from.transport.send(to.transport.id, { lane: "membership", n });
    await eventually("all arrived", () => five.every(({ received }) => received.length === 80));
    for (const to of five)
      for (const from of five) if (from !== to) expect(notesOf(to, from, "membership")).toEqual(upTo(20));
  });

  it("carries messages as long as the lane allows and drops longer ones at the sender", async () => {
    const [a, b] = [await peers.start("a"), await peers.start("b")];
    introduce(a, b);
    const room = MAX_BYTES.control - JSON.stringify({ lane: "control", n: 0, text: "" }).length;
    a.transport.send(b.transport.id, { lane: "control", n: 0, text: "x".repeat(room) });
    a.transport.send(b.transport.id, { lane: "control", n: 1, text: "x".repeat(room + 1) });
    a.transport.send(b.transport.id, { lane: "membership", n: 2 });
    await eventually("the long one arrived", () => b.received.some(({ note }) => note.n === 0));
    await eventually("the short one arrived", () => b.received.some(({ note }) => note.n === 2));
    expect(b.received).toHaveLength(2);
    expect(a.transport.counters.lanes.control.droppedOversize).toBe(1);
  });

  it("survives a flow of long messages that outruns the reader's window", async () => {
    const [a, b] = [await peers.start("a"), await peers.start("b")];
    introduce(a, b);
    const text = "y".repeat(100_000);
    const next = { n: 0 };
    await eventually("120 messages arrived", () => {
      while (next.n < 120 && a.transport.counters.lanes.partition.messagesOut >= next.n - 5)
        a.transport.send(b.transport.id, { lane: "partition", n: next.n++, text });
      return b.received.length === 120;
    });
    expect(notesOf(b, a, "partition")).toEqual(upTo(120));
    expect(a.transport.counters.lanes.partition.bytesOut).toBe(b.transport.counters.lanes.partition.bytesIn);
  });

  it("tells who answers at an address, with or without the peer id in it", async () => {
    const [a, b] = [await peers.start("a"), await peers.start("b")];
    const [named] = b.transport.addresses;
    const bare = named!.replace(/\/p2p\/.*/, "");
    a.transport.dial(bare);
    a.transport.dial(named!);
    expect(a.answers.size).toBe(0);
    await eventually("both answered", () => a.answers.size === 2);
    expect([...a.answers.values()]).toEqual([
      { ok: true, value: b.transport.id },
      { ok: true, value: b.transport.id },
    ]);
    a.transport.send(b.transport.id, { lane: "membership", n: 1 });
    await eventually("the joiner is heard", () => b.received.length === 1);
    b.transport.send(a.transport.id, { lane: "membership", n: 2 });
    await eventually("and answered on its own connection", () => a.received.length === 1);
  });

  it("says why an address does not answer", async () => {
    const [a, b] = [await peers.start("a"), await peers.start("b")];
    const other = await peers.start("c");
    const bare = b.transport.addresses[0]!.replace(/\/p2p\/.*/, "");
    const addresses = [
      "nonsense",
      "/ip4/127.0.0.1/tcp/1",
      a.transport.addresses[0]!,
      `${bare}/p2p/${other.transport.id}`,
    ];
    for (const address of addresses) a.transport.dial(address);
    await eventually("all answered", () => a.answers.size === addresses.length);
    const codes = addresses.map((address) => {
      const answer = a.answers.get(address)!;
      return answer.ok ? "ok" : answer.failure.code;
    });
    expect(codes).toEqual(["invalid", "unreachable", "invalid", "permission-denied"]);
  });

  it("drops and counts what is for nobody it knows", async () => {
    const a = await peers.start("a");
    a.transport.send("12D3KooWKnDdG3iXw9eTFijk3EWSunZcFi54Zka4wmtqtt6rPxc8", { lane: "partition", n: 1 });
    a.transport.send("not a peer", { lane: "partition", n: 1 });
    await eventually("both dropped", () => a.transport.counters.lanes.partition.droppedUnreachable === 2);
  });

  it("hands over what is queued before it closes", async () => {
    const [a, b] = [await peers.start("a"), await peers.start("b")];
    introduce(a, b);
    for (const n of upTo(100)) a.transport.send(b.transport.id, { lane: "membership", n });
    await a.transport.close();
    await eventually("the farewell arrived", () => b.received.length === 100);
  });
});
