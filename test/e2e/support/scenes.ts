/** Plans with one slow migration, to strike at. Nothing moves in them by itself. */
import { guestVe } from "../../bed/agents.ts";
import type { Scene } from "./blows.ts";
import { Cloud, type CloudOptions } from "./cloud.ts";
import { nameWithHome } from "./homes.ts";

/** 14 MiB of data at this speed move in about seven seconds. */
const SLOWLY = { bandwidthMibPerSecond: 2 };
/** Four guests of 16 MiB, and no more. */
const MEMORY = "64MiB";
const CAPACITY = 400;

/** Three hosts with room for four guests each; h1 alone has the label `zone: a`. */
export async function threeHosts(options: Partial<CloudOptions> = {}): Promise<Cloud> {
  const labels = (host: string) => ({ zone: host === "h1" ? "a" : "b" });
  const cloud = await Cloud.create({ hosts: 3, capacity: CAPACITY, memory: MEMORY, labels, ...options });
  await cloud.balancing("manual");
  await cloud.adopt("crowd", "h1", ["mover", "crowd-1", "crowd-2"]);
  await cloud.adopt("few", "h2", ["few-1"]);
  await cloud.adopt("full", "h3", ["full-1", "full-2", "full-3", "full-4"]);
  await cloud.slowDown("crowd", SLOWLY.bandwidthMibPerSecond);
  return cloud;
}

/** An operator asks h1 for a migration to h2: the initiator leads and is the source. */
export class MoveScene implements Scene {
  readonly leader = "h1";
  readonly source = "h1";
  readonly destination = "h2";

  async begin(cloud: Cloud): Promise<void> {
    const started = await cloud.agent("h1").client.call("vm.migrate", { vm: "mover", to: "h2" });
    if (!started.ok) throw cloud.failure(started.failure.message);
  }

  /** The operator is told how it ended, or asks again. */
  async settled(): Promise<void> {}

  reset(cloud: Cloud): Promise<void> {
    return gatherCrowd(cloud);
  }
}

/**
 * A VE whose home is h3 starts a VM that only h1 may have, and that h1 has room for once one of its guests has gone
 * to h2: the leader takes no part in the migration.
 */
export class ArrivalScene implements Scene {
  readonly leader = "h3";
  readonly source = "h1";
  readonly destination = "h2";
  #count = 0;
  #ve = "";

  async begin(cloud: Cloud): Promise<void> {
    this.#ve = nameWithHome(this.leader, await cloud.hosts(), () => `late-${++this.#count}`);
    const spec = { placement: { require: { zone: "a" } } };
    const manifest = await guestVe(this.#ve, ["vm"], spec, 32);
    const applied = await cloud.agent(this.leader).client.call("ve.apply", { manifest });
    if (!applied.ok) throw cloud.failure(`${applied.failure.message}: ${applied.failure.reason}`);
  }

  /** Whatever died: in the end the VM runs where it may, once. */
  async settled(cloud: Cloud): Promise<void> {
    const { client } = cloud.agent(this.leader);
    await cloud.until(`${this.#ve}.vm runs`, async () => {
      const shown = await client.call("ve.show", { name: this.#ve });
      return shown.ok && shown.value.value.vms.every(({ state }) => state === "running");
    });
    await cloud.unharmed([...cloud.guests, `${this.#ve}.vm`]);
  }

  async reset(cloud: Cloud): Promise<void> {
    const { client } = cloud.agent(this.leader);
    const names = await client.call("ve.list", {});
    for (const { name } of names.ok ? names.value.value : [])
      if (name.startsWith("late-")) await cloud.done(client, await client.call("ve.delete", { name }));
    await gatherCrowd(cloud);
  }
}

/** Guests of h1 that have left it come back. */
async function gatherCrowd(cloud: Cloud): Promise<void> {
  await cloud.free();
  for (const guest of cloud.guestsOf("crowd")) {
    const [host] = cloud.whereIs(guest);
    if (host === "h1" || host === undefined) continue;
    const { client } = cloud.agent(host);
    await cloud.done(client, await client.call("vm.migrate", { vm: guest, to: "h1" }));
  }
  await cloud.free();
}
