import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createClusterKey, newClusterKey } from "../../../src/config/cluster-key.ts";

function place(): string {
  const directory = mkdtempSync(join(tmpdir(), "discovery-key-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return join(directory, "etc", "cluster.key");
}

test("a key is three lines that libp2p reads, and never the same twice", () => {
  expect(newClusterKey()).toMatch(/^\/key\/swarm\/psk\/1\.0\.0\/\n\/base16\/\n[0-9a-f]{64}\n$/);
  expect(newClusterKey()).not.toBe(newClusterKey());
});

test("its file can be read by its owner alone", () => {
  const path = place();
  expect(createClusterKey(path)).toEqual({ ok: true, value: { path } });
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a key that is there is never replaced", () => {
  const path = place();
  createClusterKey(path);
  const before = readFileSync(path, "utf8");
  expect(createClusterKey(path)).toMatchObject({ ok: false, failure: { code: "conflict" } });
  expect(readFileSync(path, "utf8")).toBe(before);
});
