import { describe, expect, it } from "vitest";
import { Admission, type PeerLimits } from "../../../../src/adapters/libp2p/admission.ts";

const rate = { perSecond: 10, burst: 5 };
const limits: PeerLimits = {
  rates: { membership: rate, partition: rate, control: rate },
  strikes: 3,
  strikeMemory: 60_000,
  ban: 30_000,
};
const times = (n: number, what: () => string) => Array.from({ length: n }, what);

describe("what a peer may ask", () => {
  it("is a burst, then a steady rate, for each lane by itself", () => {
    const admission = new Admission(limits);
    const verdicts = times(6, () => admission.admit("p", "partition", 0));
    expect(verdicts).toEqual([...times(5, () => "admitted"), "flood"]);
    expect(admission.admit("p", "membership", 0)).toBe("admitted");
    expect(admission.admit("q", "partition", 0)).toBe("admitted");
    expect(admission.admit("p", "partition", 99)).toBe("flood");
    expect(admission.admit("p", "partition", 200)).toBe("admitted");
    expect(admission.admit("p", "partition", 3_600_000)).toBe("admitted");
    expect(times(5, () => admission.admit("p", "partition", 3_600_000)).at(-1)).toBe("flood");
  });

  it("counts a flood once a second as an offence, and bans at the third", () => {
    const admission = new Admission(limits);
    const flood = (at: number) => times(40, () => admission.admit("p", "membership", at));
    expect(flood(0)).not.toContain("banned");
    expect(flood(1_000)).not.toContain("banned");
    expect(admission.banned("p", 1_000)).toBe(false);
    expect(flood(2_000).filter((verdict) => verdict === "banned")).toHaveLength(1);
    expect(admission.banned("p", 2_000)).toBe(true);
    expect(admission.banned("p", 31_999)).toBe(true);
    expect(admission.banned("p", 32_000)).toBe(false);
    expect(admission.banned("q", 2_000)).toBe(false);
  });

  it("forgets offences after a while", () => {
    const admission = new Admission(limits);
    expect([admission.strike("p", 0), admission.strike("p", 1), admission.strike("p", 60_001)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(admission.strike("p", 60_002)).toBe(false);
    expect(admission.strike("p", 60_003)).toBe(true);
  });

  it("is remembered for as long as it matters and no longer", () => {
    const admission = new Admission(limits);
    for (const at of [0, 0, 0]) admission.strike("banned", at);
    admission.prune(() => false, 10_000);
    expect(admission.banned("banned", 10_000)).toBe(true);
    times(5, () => admission.admit("gone", "partition", 10_000));
    times(5, () => admission.admit("here", "partition", 10_000));
    admission.prune((peer) => peer === "here", 10_000);
    expect(admission.admit("gone", "partition", 10_000)).toBe("admitted");
    expect(admission.admit("here", "partition", 10_000)).toBe("flood");
  });
});
