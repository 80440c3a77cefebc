import { expect, test } from "vitest";
import { Backoff } from "../../../../src/adapters/libvirt/backoff.ts";

test("waits double up to the longest", () => {
  const backoff = new Backoff({ firstMs: 100, maxMs: 1000 });
  expect([0, 0, 0, 0, 0, 0].map((lasted) => backoff.after(lasted))).toEqual([100, 200, 400, 800, 1000, 1000]);
});

test("a connection that lived long starts over, one that died at once does not", () => {
  const backoff = new Backoff({ firstMs: 100, maxMs: 1000 });
  for (let i = 0; i < 6; i++) backoff.after(0);
  expect([999, 1000, 0].map((lasted) => backoff.after(lasted))).toEqual([1000, 100, 200]);
});
