import { describe, expect, it } from "vitest";
import type { Domain } from "../../../src/hypervisor/domain.ts";
import { Guests } from "../../../src/vet/host/guests.ts";
import { domainOf } from "../../support/domains.ts";

const RUNNING = domainOf("vm", "shop.web", 1, 512);
const PAUSED: Domain = { ...RUNNING, state: "paused", pauseReason: "other" };
const SHELL: Domain = { ...RUNNING, state: "paused", pauseReason: "migrating-in" };

/** What a host says of the VM after its hypervisor has listed these, one after the other; null: nothing. */
function sightAfter(...listings: (Domain | null)[]): string | undefined {
  let listed: readonly Domain[] = [];
  const guests = new Guests(
    1,
    () => listed,
    () => false,
  );
  for (const domain of listings) {
    listed = domain === null ? [] : [domain];
    guests.refresh();
  }
  return guests.look(["vm"], "1.0").sights[0]?.kind;
}

describe("a host that is asked for a VM", () => {
  it("has it as long as it is there, and says that it ended if it ran there", () => {
    expect(sightAfter(null)).toBe("absent");
    expect(sightAfter(RUNNING)).toBe("here");
    expect(sightAfter(RUNNING, null)).toBe("ended");
    expect(sightAfter(RUNNING, PAUSED, null)).toBe("ended");
  });

  it("does not say that it ended if it never ran there: the copy of a failed migration is destroyed", () => {
    expect(sightAfter(SHELL, PAUSED, null)).toBe("left");
    expect(sightAfter(RUNNING, null, SHELL, PAUSED, null)).toBe("left");
    expect(sightAfter(SHELL, PAUSED, RUNNING, null)).toBe("ended");
  });
});
