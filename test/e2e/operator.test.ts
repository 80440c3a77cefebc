/** An operator's day on real libvirt hosts: environments, adoption, draining a host and taking it back. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { guestVe } from "../bed/agents.ts";
import { whyNoBed } from "../bed/bed.ts";
import { Cloud } from "./support/cloud.ts";
import { discoveryctl, type Told } from "./support/discoveryctl.ts";

const reason = whyNoBed();
const title = reason === undefined ? "an operator" : `an operator (skipped: ${reason})`;

describe.skipIf(reason !== undefined)(title, () => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await Cloud.create({ hosts: 3, capacity: 700 });
  });
  afterAll(() => cloud.close());

  const ctl = (host: string, ...args: readonly string[]) => discoveryctl(cloud.agent(host), args);
  const apply = async (host: string, manifest: object, ...args: readonly string[]): Promise<Told> =>
    discoveryctl(cloud.agent(host), ["ve", "apply", "-f", "-", ...args], { input: JSON.stringify(manifest) });
  const running = (name: string) => cloud.whereIs(name).length === 1;
  /** Domains of any state that libvirt lists, ours and others. */
  const listed = async (host: string) =>
    (await cloud.host(host).virsh(["list", "--all", "--name"]))
      .split("\n")
      .map((name) => name.trim())
      .filter(Boolean);
  const done = (told: Told) => expect(told, told.stderr).toMatchObject({ code: 0 });

  it("applies a VE, stops it, starts it, exports it and deletes it", async () => {
    const names = ["shop.web", "shop.db"];
    done(await apply("h2", await guestVe("shop", ["web", "db"])));
    expect(names.every(running)).toBe(true);
    done(await apply("h3", await guestVe("shop", ["web", "db"])));
    const exported = await ctl("h1", "ve", "export", "shop");
    expect(parse(exported.stdout)).toMatchObject({ kind: "VirtualEnvironment", metadata: { name: "shop" } });
    const plan = await discoveryctl(cloud.agent("h1"), ["ve", "plan", "-f", "-"], { input: exported.stdout });
    expect(plan, plan.stderr).toMatchObject({ code: 0 });
    done(await ctl("h1", "ve", "stop", "shop", "--grace", "5s"));
    expect(names.flatMap((name) => cloud.whereIs(name))).toEqual([]);
    done(await ctl("h3", "ve", "start", "shop"));
    expect(names.every(running)).toBe(true);
    done(await ctl("h2", "ve", "delete", "shop", "--yes", "--grace", "2s"));
    await cloud.until(
      "no domain is left",
      async () => (await Promise.all(["h1", "h2", "h3"].map(listed))).flat().length === 0,
    );
    expect(await ctl("h1", "ve", "show", "shop")).toMatchObject({ code: 3 });
  });

  it("adopts a running persistent domain without touching it, and its definition goes with it when it moves", async () => {
    const h1 = cloud.host("h1");
    const file = `${h1.dir}/legacy.xml`;
    writeFileSync(file, h1.domainXml({ name: "legacy" }));
    await h1.virsh(["define", file]);
    await h1.virsh(["start", "legacy"]);
    await cloud.until(
      "the agent sees it",
      async () => (await cloud.vmsOn("h1"))?.some(({ name }) => name === "legacy") === true,
    );
    const before = await cloud.bed.findGuest("legacy");
    done(await ctl("h2", "ve", "adopt", "old", "legacy", "--host", "h1"));
    const after = await cloud.bed.findGuest("legacy");
    expect([after?.pid, after?.uuid]).toEqual([before?.pid, before?.uuid]);
    done(await ctl("h3", "vm", "migrate", "legacy", "--to", "h2"));
    expect(cloud.whereIs("legacy")).toEqual(["h2"]);
    expect(await cloud.host("h2").virsh(["list", "--persistent", "--name"])).toContain("legacy");
    expect(await listed("h1")).toEqual([]);
    await cloud.unharmed(["legacy"]);
    done(await ctl("h1", "ve", "delete", "old", "--yes"));
    expect(cloud.whereIs("legacy")).toEqual(["h2"]);
    expect(
      await cloud
        .host("h2")
        .virsh(["metadata", "legacy", "urn:discovery:vm:1"])
        .catch(() => "none"),
    ).toBe("none");
    await cloud.host("h2").virsh(["destroy", "legacy"]);
    await cloud.host("h2").virsh(["undefine", "legacy"]);
  });

  it("sees what a drain would do, calls one off, and then drains a host until libvirt lists nothing of ours", async () => {
    await cloud.adopt("crew", "h2", ["crew-1", "crew-2", "crew-3"], { bandwidthMibPerSecond: 2 });
    await cloud.host("h2").startGuest({ name: "foreign" });
    await cloud.until(
      "the agent sees it",
      async () => (await cloud.vmsOn("h2"))?.some(({ name }) => name === "foreign") === true,
    );
    const preview = await ctl("h1", "host", "drain", "h2", "--dry-run");
    expect(preview.code).toBe(0);
    for (const guest of cloud.guestsOf("crew"))
      expect(preview.stdout).toMatch(new RegExp(`^${guest} +h[13]`, "m"));
    expect(cloud.guestsOf("crew").every((guest) => cloud.whereIs(guest).join() === "h2")).toBe(true);

    const { stdout: operation } = await ctl("h1", "host", "drain", "h2", "--detach");
    await cloud.until("a guest begins to leave", () =>
      cloud.guestsOf("crew").some((guest) => cloud.whereIs(guest).length === 2),
    );
    done(await ctl("h3", "op", "cancel", operation.trim()));
    expect(await ctl("h1", "op", "wait", operation.trim())).toMatchObject({ code: 130 });
    await cloud.free();
    expect(cloud.guestsOf("crew").some((guest) => cloud.whereIs(guest).join() === "h2")).toBe(true);

    done(await ctl("h1", "host", "drain", "h2", "--reason", "new memory"));
    expect((await cloud.hosts()).find(({ name }) => name === "h2")?.drain).toBe("drained");
    expect(await listed("h2")).toEqual(["foreign"]);
    await cloud.unharmed(cloud.guestsOf("crew"));
  });

  it("lands nothing on a drained host, and may not drain the last one; a restored host takes VMs again", async () => {
    done(await apply("h1", await guestVe("fresh", ["a", "b"])));
    expect(await listed("h2")).toEqual(["foreign"]);
    expect(await ctl("h1", "vm", "migrate", "crew-1", "--to", "h2")).toMatchObject({ code: 5 });
    done(await ctl("h1", "host", "drain", "h3"));
    const last = await ctl("h2", "host", "drain", "h1");
    expect(last).toMatchObject({ code: 5 });
    expect(last.stderr).toContain("no other host is alive and takes VMs");
    done(await ctl("h1", "host", "restore", "h2"));
    done(await ctl("h1", "vm", "migrate", "crew-1", "--to", "h2"));
    expect(cloud.whereIs("crew-1")).toEqual(["h2"]);
    done(await ctl("h1", "host", "restore", "h3"));
    await cloud.unharmed(cloud.guestsOf("crew"));
  });
});
