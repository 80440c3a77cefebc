import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readClusterKey } from "../../../../src/adapters/libp2p/cluster-key.ts";
import { loadIdentity } from "../../../../src/adapters/libp2p/identity.ts";
import { createClusterKey } from "../../../../src/config/cluster-key.ts";
import { DiscoveryError } from "../../../../src/lib/error.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "discovery-keys-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const failureOf = (error: unknown) => (error instanceof DiscoveryError ? error.failure.code : error);
const refusal = async (attempt: () => unknown) => {
  try {
    return await attempt();
  } catch (error) {
    return failureOf(error);
  }
};

describe("a host's identity", () => {
  it("is made on the first start, private to its owner, and the same ever after", async () => {
    const path = join(directory, "state", "identity.key");
    const first = await loadIdentity(path);
    const second = await loadIdentity(path);
    expect(first.id).toMatch(/^12D3KooW/);
    expect(second.id).toBe(first.id);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(directory, "state"))).toEqual(["identity.key"]);
  });

  it("differs from host to host", async () => {
    const [a, b] = [await loadIdentity(join(directory, "a")), await loadIdentity(join(directory, "b"))];
    expect(a.id).not.toBe(b.id);
  });

  it("is refused when others can read it", async () => {
    const path = join(directory, "identity.key");
    await loadIdentity(path);
    for (const mode of [0o640, 0o604, 0o660]) {
      chmodSync(path, mode);
      expect(await refusal(() => loadIdentity(path))).toBe("unsafe");
    }
  });

  it.each(["", "garbage", "AAAA", "x".repeat(5_000)])("is refused when the file holds %j", async (text) => {
    const path = join(directory, "identity.key");
    writeFileSync(path, text, { mode: 0o600 });
    expect(await refusal(() => loadIdentity(path))).toBe("invalid");
  });

  it("is refused when its file is a directory", async () => {
    const path = join(directory, "identity.key");
    mkdirSync(path, { mode: 0o700 });
    expect(await refusal(() => loadIdentity(path))).toBe("invalid");
  });
});

describe("a cluster's key", () => {
  it("is made once, private, and never overwritten", async () => {
    const path = join(directory, "cluster.key");
    createClusterKey(path);
    const text = readFileSync(path, "utf8");
    expect(text.split("\n")[2]).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(createClusterKey(path)).toMatchObject({ ok: false, failure: { code: "conflict" } });
    expect(readFileSync(path, "utf8")).toBe(text);
    expect(Buffer.from(readClusterKey(path)).toString("hex")).toBe(text.split("\n")[2]);
    expect(readdirSync(directory)).toEqual(["cluster.key"]);
  });

  it("is asked for when it is missing", async () => {
    expect(await refusal(() => readClusterKey(join(directory, "none")))).toBe("not-found");
  });

  it.each(["short", `/key/swarm/psk/1.0.0/\n/base16/\n${"0".repeat(62)}\n`, `/base16/\n${"0".repeat(64)}`])(
    "is refused when the file holds %j",
    async (text) => {
      const path = join(directory, "cluster.key");
      writeFileSync(path, text, { mode: 0o600 });
      expect(await refusal(() => readClusterKey(path))).toBe("invalid");
    },
  );
});
