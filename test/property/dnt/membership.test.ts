import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Membership } from "../../../src/dnt/membership/membership.ts";
import { seconds } from "../../../src/lib/instant.ts";
import type { Member } from "../../../src/model/member.ts";
import { ids, MembershipCluster } from "../../support/membership-cluster.ts";

const COUNT = 8;

type Fault =
  | { readonly kind: "crash" | "start" | "wipe" | "update"; readonly node: number }
  | { readonly kind: "pause"; readonly node: number; readonly span: number }
  | { readonly kind: "cut"; readonly side: number; readonly oneWay: boolean }
  | { readonly kind: "loss"; readonly part: number }
  | { readonly kind: "heal" };

const node = fc.nat(COUNT - 1);
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constantFrom("crash", "start", "wipe", "update"), node }),
  fc.record({ kind: fc.constant("pause" as const), node, span: fc.integer({ min: 100, max: 30_000 }) }),
  fc.record({ kind: fc.constant("cut" as const), side: fc.nat(2 ** COUNT - 1), oneWay: fc.boolean() }),
  fc.record({ kind: fc.constant("loss" as const), part: fc.double({ min: 0, max: 0.3, noNaN: true }) }),
  fc.constant({ kind: "heal" as const }),
);
const script = fc.array(fc.tuple(fc.integer({ min: 0, max: 20_000 }), fault), { maxLength: 12 });

const all = ids(COUNT);
const seedsOf = (id: string) => all.slice(0, 2).filter((seed) => seed !== id);

function apply(cluster: MembershipCluster, step: Fault): void {
  switch (step.kind) {
    case "heal":
      cluster.heal();
      break;
    case "loss":
      cluster.conditions = { ...cluster.conditions, loss: step.part };
      break;
    case "cut": {
      const left = (id: string) => ((step.side >> all.indexOf(id)) & 1) === 1;
      cluster.cut((from, to) => (step.oneWay ? left(from) && !left(to) : left(from) !== left(to)));
      break;
    }
    default:
      strike(cluster, step);
  }
}

function strike(cluster: MembershipCluster, step: Extract<Fault, { readonly node: number }>): void {
  const id = all[step.node] as string;
  const up = cluster.running.includes(id);
  if (step.kind === "start") {
    if (!up) cluster.start(id, seedsOf(id));
  } else if (!up) return;
  else if (step.kind === "pause") cluster.pause(id, step.span);
  else if (step.kind === "update") {
    const draining = !cluster.of(id).self().draining;
    cluster.act(id, (membership, turn) => membership.update({ draining }, turn));
  } else {
    cluster.crash(id);
    if (step.kind === "wipe") cluster.wipe(id);
  }
}

function playedOut(
  seed: number,
  steps: readonly (readonly [number, Fault])[],
  watch: MembershipCluster["watch"],
) {
  const cluster = MembershipCluster.settled(COUNT, String(seed));
  cluster.watch = watch;
  for (const [wait, step] of steps) {
    cluster.run(wait);
    apply(cluster, step);
  }
  return cluster;
}

const RANK = { alive: 0, suspect: 1, dead: 2, left: 3 } as const;

describe("under any script of faults", () => {
  it("no view of a member goes back in incarnation and state", () => {
    fc.assert(
      fc.property(fc.nat(), script, (seed, steps) => {
        const seen = new Map<Membership, readonly Member[]>();
        playedOut(seed, steps, (_id, membership) => {
          const now = membership.members();
          const before = seen.get(membership);
          seen.set(membership, now);
          if (before === undefined || before === now) return;
          for (const was of before) {
            const is = membership.get(was.id);
            if (is === undefined) throw new Error(`${was.id} was forgotten`);
            const order = is.incarnation - was.incarnation || RANK[is.state] - RANK[was.state];
            if (order < 0)
              throw new Error(`${was.id} went from ${was.state} ${was.incarnation} back to ${is.state}`);
          }
        }).run(seconds(30));
      }),
      { numRuns: 150 },
    );
  });

  it("nobody holds a member to be at an incarnation that it has not reached itself", () => {
    fc.assert(
      fc.property(fc.nat(), script, (seed, steps) => {
        const reached = new Map<string, number>();
        playedOut(seed, steps, (id, membership) => {
          reached.set(id, Math.max(membership.self().incarnation, reached.get(id) ?? 0));
          for (const member of membership.members()) {
            const most = reached.get(member.id);
            if (most !== undefined) expect(member.incarnation).toBeLessThanOrEqual(most);
          }
        }).run(seconds(30));
      }),
      { numRuns: 20 },
    );
  });

  it("30 s after the faults end all live views are equal, and nobody alive is held to be anything else", () => {
    fc.assert(
      fc.property(fc.nat(), script, (seed, steps) => {
        const cluster = playedOut(seed, steps, null);
        cluster.heal();
        cluster.conditions = { ...cluster.conditions, loss: 0 };
        cluster.run(seconds(31));
        for (const id of all) if (!cluster.running.includes(id)) cluster.start(id, seedsOf(id));
        cluster.run(seconds(30));
        const [first, ...others] = cluster.views();
        for (const view of others) expect(view).toEqual(first);
        expect(first?.map(({ id, state }) => `${id} ${state}`)).toEqual(all.map((id) => `${id} alive`));
      }),
      { numRuns: 150 },
    );
  });
});

describe("one seed", () => {
  it("gives one history", () => {
    fc.assert(
      fc.property(fc.nat(), script, (seed, steps) => {
        const history = () => {
          const cluster = playedOut(seed, steps, null);
          cluster.run(seconds(20));
          return JSON.stringify([cluster.changes, [...cluster.sent], [...cluster.sentByType]]);
        };
        expect(history()).toBe(history());
      }),
      { numRuns: 10 },
    );
  });
});
