import { describe, expect, it } from "vitest";
import type { LookAnswer, Sight } from "../../../src/vet/commands.ts";
import { type AskHosts, type Findings, inspect } from "../../../src/vet/home/inspection.ts";
import type { VmRecord } from "../../../src/vet/lifecycle/record.ts";
import type { VetTurn } from "../../../src/vet/notifications.ts";

type Answers = { readonly [host: string]: LookAnswer | null };

const HERE: Sight = { kind: "here", state: "running", generation: 1 };

function says(kind: Sight["kind"] | Sight, version = 0, life = "1.0", circle = "abc"): LookAnswer {
  const sight = typeof kind === "string" ? ({ kind } as Sight) : kind;
  return { listed: true, life, version, circle, sights: [sight] };
}

function record(change: Partial<VmRecord> = {}): VmRecord {
  return {
    name: "web",
    id: "vm",
    handler: "a-1-1",
    domain: "shop.web",
    state: "running",
    host: "a",
    life: "1.0",
    next: "stay",
    note: null,
    ...change,
  };
}

/** What is found when the hosts answer so, round after round; a, b and c are everybody. */
function find(
  vm: VmRecord,
  rounds: readonly Answers[],
  hinted: readonly string[] = [],
  circle: string | null = "abc",
): Findings & { asked: string[] } {
  const asked: string[] = [];
  const left = [...rounds];
  const askHosts: AskHosts = (hosts, _vms, turn, done) => {
    asked.push(hosts.join(""));
    const said = left.shift() ?? {};
    const answers = hosts.flatMap((host) => (said[host] == null ? [] : [[host, said[host]] as const]));
    done(new Map(answers), turn);
  };
  let findings: Findings | null = null;
  const deps = {
    askHosts,
    everybody: () => ["a", "b", "c"],
    circle: () => circle,
    hasLeft: () => false,
    nameOf: (node: string) => `host-${node}`,
  };
  inspect([vm], hinted, deps, {} as VetTurn, (found) => {
    findings = found;
  });
  return { ...(findings as unknown as Findings), asked };
}

function verdict(vm: VmRecord, rounds: readonly Answers[], hinted: readonly string[] = []) {
  return find(vm, rounds, hinted).verdicts.get("vm");
}

const NOWHERE: Answers = { a: says("left"), b: says("absent"), c: says("absent") };

describe("an inspection", () => {
  it("finds a VM on the host that has it, and asks nobody else", () => {
    const found = find(record(), [{ a: says(HERE) }]);
    expect(found.verdicts.get("vm")).toEqual({ kind: "here", host: "a", life: "1.0" });
    expect(found.asked).toEqual(["a"]);
  });

  it("calls a VM gone that ended on its host, or never came there in an unbroken memory", () => {
    expect(verdict(record(), [{ a: says("ended") }])?.kind).toBe("gone");
    expect(verdict(record({ state: "assigned" }), [{ a: says("absent") }])?.kind).toBe("gone");
  });

  it("asks everybody, twice, when the host has forgotten or the VM has left", () => {
    for (const first of [says("absent", 0, "2.0"), says("left")]) {
      const found = find(record(), [{ a: first }, NOWHERE, NOWHERE]);
      expect(found.asked).toEqual(["a", "abc", "abc"]);
      expect(found.verdicts.get("vm")).toEqual({ kind: "gone", how: "it is on no host" });
    }
  });

  it("is not sure while a host does not answer, and names it", () => {
    expect(verdict(record(), [{ a: null }])).toEqual({ kind: "unclear", why: "host-a does not answer" });
    const silent = { ...NOWHERE, c: null };
    for (const rounds of [
      [silent, NOWHERE],
      [NOWHERE, silent],
    ]) {
      expect(verdict(record(), [{ a: says("left") }, ...rounds])).toMatchObject({
        kind: "unclear",
        why: "it may be on host-c, which cannot be asked",
      });
    }
  });

  it("is not sure while this agent may not know everybody", () => {
    const others: Answers = { ...NOWHERE, b: says("absent", 0, "1.0", "abcd") };
    for (const [circle, second] of [
      [null, NOWHERE],
      ["abc", others],
      ["abcd", NOWHERE],
    ] as const) {
      const found = find(record(), [{ a: says("left") }, NOWHERE, second], [], circle);
      expect(found.verdicts.get("vm")).toMatchObject({
        kind: "unclear",
        why: "it may be on a host that is not known here yet",
      });
    }
  });

  it("is not sure while a host could still get it", () => {
    expect(verdict(record({ state: "assigned" }), [{ a: says("expected") }])?.kind).toBe("unclear");
    const coming = { ...NOWHERE, b: says("expected") };
    expect(verdict(record(), [{ a: says("left") }, coming, NOWHERE])?.kind).toBe("unclear");
    expect(verdict(record(), [{ a: says("left") }, NOWHERE, coming])?.kind).toBe("unclear");
  });

  it("is not sure when a VM could have slipped past both rounds", () => {
    for (const after of [says("absent", 2), says("absent", 0, "2.0")]) {
      const slipped = { ...NOWHERE, b: after };
      expect(verdict(record(), [{ a: says("left") }, NOWHERE, slipped])?.kind).toBe("unclear");
    }
  });

  it("finds a VM that has gone on to another host", () => {
    const there = { ...NOWHERE, c: says(HERE) };
    expect(verdict(record(), [{ a: says("left") }, NOWHERE, there])).toMatchObject({
      kind: "here",
      host: "c",
    });
    expect(verdict(record(), [{ a: says("left"), b: says(HERE) }], ["b"])).toMatchObject({ host: "b" });
  });

  it("takes, of two hosts that have it, the one that runs it", () => {
    const paused: Sight = { kind: "here", state: "paused", generation: 1 };
    expect(verdict(record(), [{ a: says(paused), b: says(HERE) }], ["b"])).toMatchObject({ host: "b" });
  });
});
