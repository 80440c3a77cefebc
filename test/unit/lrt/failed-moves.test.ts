import { describe, expect, test } from "vitest";
import { minutes, seconds } from "../../../src/lib/instant.ts";
import { DEFAULT_LRT_CONFIG } from "../../../src/lrt/config.ts";
import { FailedMoves } from "../../../src/lrt/execution/failed-moves.ts";
import { Inventory } from "../../../src/lrt/monitoring/inventory.ts";

const hosts = (moves: FailedMoves, now: number) => moves.of("a", now).map(({ host }) => host);

describe("moves that failed", () => {
  test("are not tried again for a pause that grows with every failure of the VM, up to the longest", () => {
    const moves = new FailedMoves(DEFAULT_LRT_CONFIG);
    moves.record("a", "h1", 0);
    expect(moves.of("a", 0)).toEqual([{ host: "h1", forMs: seconds(1) }]);
    expect(hosts(moves, seconds(1))).toEqual([]);
    moves.record("a", "h2", seconds(3));
    expect(moves.of("a", seconds(4))).toEqual([{ host: "h2", forMs: seconds(1) }]);
    for (let i = 0; i < 30; i++) moves.record("a", "h1", seconds(10));
    expect(moves.of("a", seconds(10))).toEqual([{ host: "h1", forMs: minutes(60) }]);
    expect(moves.of("b", seconds(10))).toEqual([]);
  });

  test("begin with the first pause again after the longest one without a failure", () => {
    const moves = new FailedMoves(DEFAULT_LRT_CONFIG);
    for (let i = 0; i < 5; i++) moves.record("a", "h1", 0);
    const over = seconds(16) + minutes(60);
    moves.record("a", "h1", over);
    expect(moves.of("a", over)).toEqual([{ host: "h1", forMs: seconds(32) }]);
    const later = over + seconds(32) + minutes(60) + 1;
    moves.record("a", "h2", later);
    expect(moves.of("a", later)).toEqual([{ host: "h2", forMs: seconds(1) }]);
  });

  test("let a VM rest that several hosts could not get", () => {
    const moves = new FailedMoves(DEFAULT_LRT_CONFIG);
    for (let i = 0; i < 3; i++) moves.record("a", "h1", 0);
    expect(moves.restOf("a", 0)).toBeNull();
    moves.record("a", "h2", 0);
    expect(moves.restOf("a", 0)).toBe(seconds(8));
    moves.record("a", "h1", seconds(8));
    expect(moves.restOf("a", seconds(9))).toBe(seconds(15));
    expect(moves.restOf("a", seconds(24))).toBeNull();
    expect(moves.restOf("b", 0)).toBeNull();
  });

  test("are the latest eight of a VM, and none of a VM that has left", () => {
    const moves = new FailedMoves(DEFAULT_LRT_CONFIG);
    for (let i = 0; i < 12; i++) moves.record("a", `h${i}`, minutes(1));
    expect(hosts(moves, minutes(1))).toEqual(["h4", "h5", "h6", "h7", "h8", "h9", "h10", "h11"]);
    moves.keepOnly(new Inventory(0));
    expect(hosts(moves, minutes(1))).toEqual([]);
  });
});
