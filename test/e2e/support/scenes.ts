/** Plans of one slow migration, to strike at. */
import type { Scene } from "./blows.ts";
import type { Cloud } from "./cloud.ts";

/** 14 MiB of data at this speed move in about seven seconds. */
const SLOWLY = { bandwidthMibPerSecond: 2 };
/** milli-CPU: one of three busy guests has to go. */
export const SCENE_CAPACITY = 400;
/** Memory for guests of 16 MiB: the host that a VM of 32 has to come to must first send one of three away. */
export const SCENE_MEMORY = "80MiB";

/**
 * An operator asks h1 for a migration to h2: the initiator leads and is the source.
 */
export class MoveScene implements Scene {
  readonly leader = "h1";
  readonly source = "h1";
  readonly destination = "h2";
  readonly guest = "mover";

  async prepare(cloud: Cloud): Promise<void> {
    await cloud.balancing("manual");
    await cloud.adopt("moving", "h1", [this.guest], SLOWLY);
    for (const host of ["h2", "h3"]) await cloud.adopt(`rest-${host}`, host, [`rest-${host}`]);
  }

  async begin(cloud: Cloud): Promise<void> {
    const started = await cloud.agent("h1").client.call("vm.migrate", { vm: this.guest, to: "h2" });
    if (!started.ok) throw cloud.failure(started.failure.message);
  }

  async reset(cloud: Cloud): Promise<void> {
    await cloud.free();
    if (cloud.whereIs(this.guest).includes("h1")) return;
    const { client } = cloud.agent("h2");
    await cloud.done(client, await client.call("vm.migrate", { vm: this.guest, to: "h1" }));
  }
}
