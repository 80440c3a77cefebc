import { describe, expect, it } from "vitest";
import { KnownPeers } from "../../../../src/dnt/membership/known-peers.ts";
import type { MemberClaim } from "../../../../src/dnt/membership/messages.ts";
import { Probes } from "../../../../src/dnt/membership/probes.ts";
import { Rumours } from "../../../../src/dnt/membership/rumours.ts";
import { Seeking } from "../../../../src/dnt/membership/seeking.ts";
import { DEFAULTS, MOST_DEPARTED } from "../../../../src/dnt/membership/settings.ts";
import { Suspicions } from "../../../../src/dnt/membership/suspicions.ts";
import { seconds } from "../../../../src/lib/instant.ts";
import { Random } from "../../../../src/lib/random.ts";
import type { Member } from "../../../../src/model/member.ts";
import { ids, profile } from "../../../support/membership-cluster.ts";

function member(id: string, incarnation = 1): Member {
  return { ...profile(id), incarnation, state: "alive" };
}

function claim(id: string, incarnation = 1): MemberClaim {
  return { member: member(id, incarnation), observers: [] };
}

describe("rumours", () => {
  const named = (claims: readonly MemberClaim[]) => claims.map(({ member: { id } }) => id);
  const wide = { claims: 10, bytes: 100_000 };

  it("rest after the given number of sendings", () => {
    const rumours = new Rumours();
    rumours.tell(claim("a"));
    for (let i = 0; i < 3; i++) expect(named(rumours.draw(wide, 3))).toEqual(["a"]);
    expect(rumours.draw(wide, 3)).toEqual([]);
    expect(rumours.size).toBe(0);
  });

  it("go out least sent first, newest claim only, within the budget", () => {
    const rumours = new Rumours();
    for (const id of ["a", "b", "c"]) rumours.tell(claim(id));
    expect(named(rumours.draw({ claims: 2, bytes: 100_000 }, 5))).toEqual(["a", "b"]);
    expect(named(rumours.draw(wide, 5))).toEqual(["c", "a", "b"]);
    rumours.tell(claim("b", 2));
    expect(rumours.draw({ claims: 1, bytes: 1 }, 5)[0]?.member).toMatchObject({ id: "b", incarnation: 2 });
    expect(named(rumours.draw({ claims: 9, bytes: 300 }, 5))).toHaveLength(1);
    expect(named(rumours.draw(wide, 5, "a"))).not.toContain("a");
  });
});

describe("suspicions", () => {
  const age = (suspicions: Suspicions, span: number, doubt = 0, members = 10) =>
    suspicions.age(span, 0, doubt, members).over;

  it("end the sooner, the more observers agree", () => {
    for (const [observers, patience] of [
      [1, 6000],
      [2, 4000],
      [3, 2000],
      [4, 2000],
    ] as const) {
      const suspicions = new Suspicions(DEFAULTS);
      suspicions.open("x", ids(9).slice(0, observers), 0);
      expect(age(suspicions, patience - 1)).toEqual([]);
      expect(suspicions.age(patience, patience - 1, 0, 10).over).toEqual(["x"]);
    }
  });

  it("age more slowly the less this node trusts itself", () => {
    const suspicions = new Suspicions(DEFAULTS);
    suspicions.open("x", ["a", "b", "c"], 0);
    expect(age(suspicions, 17_999, 8)).toEqual([]);
    expect(suspicions.age(18_017, 17_999, 8, 10).over).toEqual(["x"]);
  });

  it("wait longer in a larger network, where news takes longer", () => {
    const suspicions = new Suspicions(DEFAULTS);
    suspicions.open("x", ["a", "b", "c"], 0);
    expect(age(suspicions, 3999, 0, 1024)).toEqual([]);
    expect(suspicions.age(4000, 3999, 0, 1024).over).toEqual(["x"]);
  });

  it("do not count an observer twice", () => {
    const suspicions = new Suspicions(DEFAULTS);
    suspicions.open("x", ["a"], 0);
    expect(suspicions.confirm("x", ["a"])).toBe(false);
    expect(suspicions.confirm("x", ["b", "a"])).toBe(true);
    expect(suspicions.observers("x")).toEqual(["a", "b"]);
    expect(suspicions.confirm("nobody", ["b"])).toBe(false);
  });
});

describe("probes", () => {
  it("reach every member within as many rounds as there are members, newcomers too", () => {
    const probes = new Probes(new Random("rota"));
    for (const id of ids(100)) probes.add(id);
    const seen = new Set<string>();
    for (let round = 0; round < 50; round++) {
      for (const { target, sequence } of probes.start(seconds(round), 1)) {
        seen.add(target);
        probes.acknowledged(target, sequence, seconds(round));
      }
    }
    expect(seen.size).toBe(50);
    for (const id of ids(100).filter((_, i) => i % 10 === 0)) probes.remove(id);
    for (let round = 50; round < 140; round++) {
      for (const { target, sequence } of probes.start(seconds(round), 1)) {
        seen.add(target);
        probes.acknowledged(target, sequence, seconds(round));
      }
    }
    expect(ids(100).filter((id, i) => i % 10 !== 0 && !seen.has(id))).toEqual([]);
  });

  it("take an ack only from the member that was asked, and with its number", () => {
    const probes = new Probes(new Random("ack"));
    probes.add("a");
    const sequence = probes.start(0, 1)[0]?.sequence ?? -1;
    expect(probes.acknowledged("b", sequence, 5).probe).toBeNull();
    expect(probes.acknowledged("a", sequence + 1, 5).probe).toBeNull();
    expect(probes.acknowledged("a", Number.NaN, 5).probe).toBeNull();
    expect(probes.acknowledged("a", sequence, 5).probe).toEqual({ roundTrip: 5 });
    expect(probes.acknowledged("a", sequence, 6).probe).toBeNull();
  });

  it("on behalf of others are bounded", () => {
    const probes = new Probes(new Random("relay"));
    const numbers = ids(100).map((id) => probes.relay(id, 1, "target", 0));
    expect(numbers.filter((number) => number !== null)).toHaveLength(64);
    expect(probes.silentRelays(499, 500)).toEqual([]);
    expect(probes.silentRelays(500, 500)).toHaveLength(64);
    expect(probes.relay("a", 2, "target", 500)).not.toBeNull();
  });
});

describe("seeds and the peers of a last life", () => {
  const settings = { ...DEFAULTS, seeds: ["/memory/s"] };

  it("are tried with back-off that ends at a minute", () => {
    const seeking = new Seeking(settings, "me", new Random("back-off"), []);
    const at: number[] = [];
    for (let now = 0; now < seconds(600); now += 100) if (seeking.attempt(now) !== null) at.push(now);
    const waits = at.slice(1).map((now, i) => now - (at[i] ?? 0));
    expect(waits[0]).toBeLessThanOrEqual(1300);
    expect(Math.max(...waits)).toBeLessThanOrEqual(seconds(76));
    expect(Math.max(...waits)).toBeGreaterThan(seconds(44));
    seeking.joined();
    expect(seeking.attempt(seconds(600))?.seeds).toEqual(["/memory/s"]);
  });

  it("a seed where no live member is known to be is tried once a minute, shared out among the living", () => {
    const seeds = ["/memory/s", "/dns4/d"];
    const seeking = new Seeking({ ...settings, seeds }, "me", new Random("stranger"), []);
    const tried = (live: readonly Member[]) =>
      Array.from({ length: 6000 }, () => seeking.stranger(live.length, () => live)).filter(
        (seed) => seed !== undefined,
      );
    const at = (id: string, address: string) => ({ ...member(id), addresses: [address] });
    expect(new Set(tried([member("a")]))).toEqual(new Set(seeds));
    expect(tried([member("a")]).length).toBeGreaterThan(25);
    expect(tried([member("a")]).length).toBeLessThan(100);
    expect(new Set(tried([at("a", "/memory/s")]))).toEqual(new Set(["/dns4/d"]));
    expect(new Set(tried([at("a", "/memory/s/p2p/a")]))).toEqual(new Set(["/dns4/d"]));
    seeking.answered("/dns4/d", "b");
    expect(tried([at("a", "/memory/s"), member("b")])).toEqual([]);
    expect(new Set(tried([member("b")]))).toEqual(new Set(["/memory/s"]));
  });
});

describe("known peers", () => {
  const at = (id: string, incarnation: number, state: Member["state"] = "alive") => ({
    ...member(id),
    incarnation,
    state,
  });

  /** What a next life starts from. */
  function reborn(known: KnownPeers, disk = new Map<string, unknown>()): KnownPeers {
    for (const { key, value } of known.takeWrites()) {
      if (value === null) disk.delete(key);
      else disk.set(key, value);
    }
    return new KnownPeers("me", disk);
  }

  it("are written when somebody is heard of, moves or starts anew, and not again", () => {
    const known = new KnownPeers("me", new Map());
    known.note(at("me", 1));
    expect(known.takeWrites()).toEqual([]);
    known.note(at("a", 1));
    expect(known.takeWrites()).toMatchObject([{ key: "dnt/peer/a", value: { incarnation: 1 } }]);
    for (const state of ["alive", "suspect", "dead"] as const) known.note(at("a", 1, state));
    expect(known.takeWrites()).toEqual([]);
    known.note({ ...at("a", 1), addresses: ["/memory/elsewhere"] });
    known.note(at("a", 2));
    expect(known.takeWrites()).toHaveLength(2);
  });

  it("are all there in the next life, but for those who left", () => {
    const known = new KnownPeers("me", new Map());
    const all = ids(300).map((id) => at(id, 1));
    for (const one of all) known.note(one);
    known.note({ ...(all[7] as Member), state: "left" });
    const again = reborn(known);
    expect(again.lastLife()).toHaveLength(299);
    expect(again.departed("n007")).toBe(true);
    expect(again.departures(["n006", "n007", "nobody"])).toEqual([{ id: "n007", incarnation: 1 }]);
  });

  it("are not taken for gone on the word of one who has not heard that they came back", () => {
    const known = new KnownPeers("me", new Map());
    known.note(at("a", 5));
    known.depart({ id: "a", incarnation: 4 });
    expect(known.departed("a")).toBe(false);
    known.depart({ id: "stranger", incarnation: 4 });
    expect(known.departed("stranger")).toBe(true);
    known.depart({ id: "a", incarnation: 5 });
    expect(known.departed("a")).toBe(true);
    known.note(at("a", 6));
    expect(reborn(known).lastLife()).toMatchObject([{ id: "a" }]);
  });

  it("that left are remembered up to a number, the last of them", () => {
    const disk = new Map<string, unknown>();
    const known = new KnownPeers("me", disk);
    for (let n = 0; n < MOST_DEPARTED + 3; n++) {
      known.note(at(`gone-${n}`, 1));
      known.note(at(`gone-${n}`, 1, "left"));
    }
    const again = reborn(known, disk);
    expect(disk.size).toBe(MOST_DEPARTED);
    expect([again.departed("gone-2"), again.departed("gone-3")]).toEqual([false, true]);
  });
});
