/**
 * What guests want, against what they were told to want. On a machine that is twice as busy as it can be the sum of a
 * host's guests was measured within an eighth of the truth; the bounds leave room for busier ones.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DomainUsage } from "../../../src/hypervisor/domain.ts";
import { Bed, whyNoBed } from "../../bed/bed.ts";
import { RecordedLibvirt } from "../../support/libvirt-hosts.ts";
import { eventually } from "../../support/real-clock.ts";

const CAPACITY = 300;
/** One of them covers a few periods of the quota (1 s). */
const SAMPLES = 6;
const reason = whyNoBed();
const title = reason === undefined ? "usage" : `usage (skipped: ${reason})`;

describe.skipIf(reason !== undefined)(title, () => {
  let bed: Bed;
  let agent: RecordedLibvirt;
  beforeAll(async () => {
    bed = await Bed.create({ hosts: 1, capacityMilliCpu: CAPACITY });
    agent = await new RecordedLibvirt(bed.host("h1")).start();
  });
  afterAll(async () => {
    await agent.adapter.close();
    await bed.close();
  });

  /** Mean of the host's sum over `SAMPLES` samples, once the guests have burnt for as long. */
  async function measured(burns: readonly number[]): Promise<{ used: number; wanted: number }> {
    const host = bed.host("h1");
    host.setQuota(2000); // a guest under quota is slow to listen
    for (const { name } of host.qemuProcesses()) await host.virsh(["destroy", name]);
    for (const [i, burn] of burns.entries())
      await (await host.startGuest({ name: `burner${i}` })).send(`burn ${burn}`);
    host.setQuota(CAPACITY);
    const from = agent.events.length;
    const samples = () =>
      agent.events.slice(from).flatMap((event) => (event.kind === "usage" ? [event.sample.domains] : []));
    const whole = () => samples().filter((domains) => domains.length === burns.length);
    await eventually(() => whole().length >= 2 * SAMPLES, "samples of all guests", 90_000);
    const settled = whole().slice(SAMPLES);
    const mean = (of: (usage: DomainUsage) => number) =>
      settled.flat().reduce((sum, usage) => sum + of(usage), 0) / settled.length;
    return { used: mean(({ used }) => used), wanted: mean(({ wanted }) => wanted) };
  }

  it("of an overloaded host tells what its guests want, not what they get", async () => {
    const { used, wanted } = await measured([15, 15, 15]);
    expect(used).toBeLessThan(CAPACITY * 1.2);
    expect(wanted).toBeGreaterThan(450 * 0.75);
    expect(wanted).toBeLessThan(450 * 1.35);
  });

  it("of a host under its limit is not over it", async () => {
    const { wanted } = await measured([9, 9]);
    expect(wanted).toBeGreaterThan(180 * 0.6);
    expect(wanted).toBeLessThan(CAPACITY * 0.9);
  });

  it("of a guest that takes all it gets is a whole processor", async () => {
    const { used, wanted } = await measured([100]);
    expect(used).toBeLessThan(CAPACITY * 1.2);
    expect(wanted).toBeGreaterThan(850);
    expect(wanted).toBeLessThanOrEqual(1000);
  });

  it("of idle guests is next to nothing", async () => {
    expect((await measured([0, 0, 0])).wanted).toBeLessThan(100);
  });
});
