/** What nobody can solve: it is said once, with its numbers, and nothing moves for nothing. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guestVe } from "../bed/agents.ts";
import { whyNoBed } from "../bed/bed.ts";
import { type LogLine, said } from "./support/agent-log.ts";
import { Cloud } from "./support/cloud.ts";
import { discoveryctl } from "./support/discoveryctl.ts";

const reason = whyNoBed();
const title = reason === undefined ? "hosts without room" : `hosts without room (skipped: ${reason})`;

const TOGETHER = /^no beneficial migration: \d+ mCPU of cpu wanted on .*, \d+ available$/;

describe.skipIf(reason !== undefined)(title, () => {
  let cloud: Cloud;
  const hosts = ["h1", "h2", "h3"];
  beforeAll(async () => {
    cloud = await Cloud.create({ hosts: 3, capacity: 300 });
  });
  afterAll(() => cloud.close());

  const endings = (host: string): readonly LogLine[] =>
    said(cloud.agent(host), "event.ended").filter(
      ({ outcome, eventId }) => outcome === "no-plan" && String(eventId).includes("/overload/"),
    );
  const everySaid = (event: string) => cloud.agents.flatMap((agent) => said(agent, event));

  it("a VM larger than any host is refused once, with numbers, and not tried again and again", async () => {
    const large = await guestVe("large", ["vm"], {}, 4096);
    const told = await discoveryctl(cloud.agent("h1"), ["ve", "apply", "-f", "-"], {
      input: JSON.stringify(large),
    });
    expect(told).toMatchObject({ code: 6 });
    expect(told.stderr).toMatch(/VM large\.vm wants 4096 MiB of memory, the largest host has 2048/);
    for (const name of ["passing-1", "passing-2"]) {
      await cloud.host("h2").startGuest({ name });
      await cloud.lives(name, 3);
      await cloud.host("h2").virsh(["destroy", name]);
    }
    expect(everySaid("event.ended").filter(({ reason }) => String(reason).includes("4096 MiB"))).toHaveLength(
      1,
    );
    expect(await discoveryctl(cloud.agent("h1"), ["ve", "delete", "large", "--yes"])).toMatchObject({
      code: 0,
    });
  });

  it("an overload of all hosts moves nothing, and every host says why", async () => {
    await cloud.balancing("manual");
    for (const host of hosts)
      await cloud.adopt(
        `all-${host}`,
        host,
        ["a", "b", "c", "d"].map((letter) => `${host}-${letter}`),
      );
    await cloud.burn(Object.fromEntries(cloud.guests.map((guest) => [guest, 14])));
    await cloud.lives("h1-a", 3);
    await cloud.balancing("auto");
    // A guest that waits for its turn is measured as wanting it: now and then one alone wants more than a host has, for once.
    for (const host of hosts)
      await cloud.until(`${host} says that all together want too much`, () =>
        endings(host).some(({ reason: why }) => TOGETHER.test(String(why))),
      );
    await cloud.lives("h1-a", 10);
    expect(everySaid("migration.started")).toEqual([]);
    await cloud.until("the status says so", async () => {
      const { stdout } = await discoveryctl(cloud.agent("h2"), ["balance", "status"]);
      return stdout.includes("no beneficial migration");
    });
    await cloud.unharmed();
  });
});
