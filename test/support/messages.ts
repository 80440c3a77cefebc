import type { Message } from "../../src/agent/messages.ts";
import { hash32 } from "../../src/lib/random.ts";
import type { ActionOrder } from "../../src/lrt/messages.ts";
import type { NodeSnapshot, VmSnapshot } from "../../src/lrt/scheduling/snapshot.ts";
import type { Member } from "../../src/model/member.ts";
import { DEFAULT_MIGRATION, DEFAULT_POLICY } from "../../src/model/virtual-machine.ts";
import { vmId } from "./virtual-machines.ts";

/** As long as a peer id, and different from its neighbours in the middle. */
export function nodeId(n: number): string {
  return `12D3KooW${hash32(`node ${n}`).toString(36).padStart(8, "x")}pRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA`;
}

export function member(n: number): Member {
  return {
    id: nodeId(n),
    name: `host-${n}`,
    addresses: [`/ip4/10.0.${n % 256}.1/tcp/4820`],
    labels: { site: "rennes", rack: `r${n % 40}` },
    capacity: { cpu: 32_000, memory: 131_072 },
    incarnation: n,
    state: "alive",
    draining: false,
    joinedAt: "2026-11-23T03:21:00Z",
    protocol: { min: 1, max: 1 },
    version: "0.1.0",
  };
}

function vm(n: number): VmSnapshot {
  return {
    id: vmId(n),
    name: `shop.web-${n}`,
    demand: { cpu: 1200 + (n % 977), memory: 2048 },
    pinned: null,
    adopted: false,
    policy: { ...DEFAULT_POLICY, apart: [vmId(n + 1)], require: { site: "rennes" } },
    left: [],
    failed: [],
    restsForMs: null,
  };
}

export function snapshot(n: number, vms: number): NodeSnapshot {
  return {
    node: nodeId(n),
    name: `host-${n}`,
    capacity: { cpu: 32_000, memory: 131_072 },
    labels: { site: "rennes", rack: `r${n % 40}` },
    draining: false,
    version: 112 + n,
    vms: Array.from({ length: vms }, (_, i) => vm(n * vms + i)),
  };
}

const ref = (n: number) => ({ pid: `${nodeId(n)}#3.${n}`, partitionEpoch: 1, id: 3_000_000_000 + n });

export function order(n: number): ActionOrder {
  const { pid } = ref(n);
  const what = { kind: "migrate", from: nodeId(n), to: nodeId(n + 1), memory: 2048, cpu: 1500 } as const;
  return {
    key: `${pid}@1/0`,
    vm: vmId(n),
    name: `shop.web-${n}`,
    what: { ...what, policy: DEFAULT_MIGRATION, adopted: false, left: [] },
    event: `${nodeId(n)}/overload/${n}`,
    reason: "36,000 mCPU of cpu wanted, 32,000 available",
  };
}

/** One message of each frequent form, different for each n. */
export const TYPICAL: { readonly [form: string]: (n: number) => Message } = {
  ping: (n) => ({ type: "membership.ping", sequence: n, claims: [] }),
  "ping with 6 claims": (n) => ({
    type: "membership.ping",
    sequence: n,
    claims: Array.from({ length: 6 }, (_, i) => ({ member: member(n + i), observers: [] })),
  }),
  reserve: (n) => ({
    type: "partition.reserve",
    ...ref(n),
    event: `${nodeId(n)}/overload/${n}`,
    ageMs: 5000 + n,
    own: false,
  }),
  "renew of 6 hosts": (n) => ({
    type: "partition.renew",
    ...ref(n),
    phase: "growing",
    members: Array.from({ length: 6 }, (_, i) => nodeId(n + i)),
  }),
  renewed: (n) => ({ type: "partition.reply", re: n, body: { kind: "renewed", leaseMs: 30_000 } }),
  "joined with 10 VMs": (n) => ({
    type: "partition.reply",
    re: n,
    body: { kind: "joined", token: n, leaseMs: 30_000, snapshot: snapshot(n, 10) },
  }),
  execute: (n) => ({
    type: "partition.execute",
    ...ref(n),
    token: n,
    order: order(n),
    uri: "qemu+tls://host-2.example/system",
  }),
  "answer about 10 VMs": (n) => ({
    type: "control.answer",
    re: n,
    result: { ok: true, value: snapshot(n, 10).vms },
  }),
};
