import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { protocolId as transportProtocolId } from "../../../src/adapters/libp2p/settings.ts";
import { PROTOCOL } from "../../../src/agent/agent.ts";
import { claimSize } from "../../../src/dnt/membership/claim.ts";
import { BUCKETS, CLAIMS_READ, PAGE } from "../../../src/dnt/membership/settings.ts";
import { DEFAULT_LRT_CONFIG } from "../../../src/lrt/config.ts";
import { LANES } from "../../../src/ports/codec.ts";
import { WireCodec } from "../../../src/wire/codec.ts";
import { COUNTS, LANE_BYTES } from "../../../src/wire/limits.ts";
import { wireProtocolPage } from "../../../src/wire/page.ts";
import { protocolId, VERSIONS } from "../../../src/wire/protocol.ts";
import { member, nodeId, snapshot } from "../../support/messages.ts";

const codec = new WireCodec();

describe("the wire format and those who use it", () => {
  test("agree on versions and protocol ids", () => {
    expect(VERSIONS).toEqual(PROTOCOL);
    for (const lane of LANES) expect(protocolId(lane)).toBe(transportProtocolId(lane));
  });

  test("agree on how many claims and buckets a message has", () => {
    expect(COUNTS.claims).toBe(CLAIMS_READ);
    expect(COUNTS.buckets).toBe(BUCKETS);
  });

  test("have room for the largest partition that is configured", () => {
    expect(COUNTS.partitionHosts).toBeGreaterThanOrEqual(DEFAULT_LRT_CONFIG.maxHosts);
  });

  test("agree that the messages membership fills by its estimate fit their lane", () => {
    const claims = Array.from({ length: PAGE.claims }, (_, n) => ({
      member: { ...member(n), labels: { site: "s".repeat(200) } },
      observers: [nodeId(n + 1), nodeId(n + 2)],
    }));
    const estimate = claims.reduce((sum, claim) => sum + claimSize(claim), 0);
    const bytes = codec.encode({ type: "membership.gossip", claims }).length;
    expect(bytes / estimate).toBeLessThan(LANE_BYTES.membership / PAGE.bytes);
  });

  test("have room for a host of a thousand VMs", () => {
    const body = { kind: "joined", token: 1, leaseMs: 1, snapshot: snapshot(1, 1000) } as const;
    const { length } = codec.encode({ type: "partition.reply", re: 1, body });
    expect(length).toBeLessThan(LANE_BYTES.partition / 2);
  });
});

describe("the reference page", () => {
  test("is the one that the schemas make", () => {
    const file = new URL("../../../docs/reference/wire-protocol.md", import.meta.url);
    expect(readFileSync(file, "utf8")).toBe(wireProtocolPage());
  });
});
