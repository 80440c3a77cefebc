/** What dies in the middle of a plan: no guest is lost or runs twice, and every reservation ends. */
import { afterAll, beforeAll, beforeEach, describe, it } from "vitest";
import { whyNoBed } from "../bed/bed.ts";
import { type Blow, sentence, strike } from "./support/blows.ts";
import { Cloud } from "./support/cloud.ts";
import { MoveScene, SCENE_CAPACITY } from "./support/scenes.ts";

const reason = whyNoBed();
const title = reason === undefined ? "a migration in the middle of which" : `crashes (skipped: ${reason})`;

/** A sample; scripts/soak has all of them. */
const BLOWS: readonly Blow[] = [
  { means: "agent killed", on: "source", at: { copiedPercent: 50 } },
  { means: "agent killed", on: "destination", at: "migration.started" },
  { means: "libvirtd killed", on: "source", at: { copiedPercent: 50 } },
  { means: "libvirtd killed", on: "destination", at: { copiedPercent: 50 } },
  { means: "host cut for 30 s", on: "destination", at: { copiedPercent: 30 } },
];

describe.skipIf(reason !== undefined)(title, () => {
  const scene = new MoveScene();
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await Cloud.create({ hosts: 3, capacity: SCENE_CAPACITY });
    await scene.prepare(cloud);
  });
  beforeEach(() => scene.reset(cloud));
  afterAll(() => cloud.close());

  it.each(BLOWS.map((blow) => [sentence(blow), blow] as const))(
    "%s: ends with every guest unharmed and every host free",
    async (_, blow) => {
      await strike(cloud, scene, blow);
    },
  );
});
