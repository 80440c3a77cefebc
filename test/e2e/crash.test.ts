/** What dies in the middle of a plan: no guest is lost or runs twice, and every reservation ends. */
import { afterAll, beforeAll, describe, it } from "vitest";
import { whyNoBed } from "../bed/bed.ts";
import { type Blow, sentence, strike } from "./support/blows.ts";
import type { Cloud } from "./support/cloud.ts";
import { ArrivalScene, MoveScene, threeHosts } from "./support/scenes.ts";

const reason = whyNoBed();
const title = reason === undefined ? "a plan in the middle of which" : `crashes (skipped: ${reason})`;

/** A sample of each scene; scripts/soak has all of them. */
const MOVE: readonly Blow[] = [
  { means: "agent killed", on: "source", at: { copiedPercent: 50 } },
  { means: "agent killed", on: "destination", at: "migration.started" },
  { means: "libvirtd killed", on: "source", at: { copiedPercent: 50 } },
  { means: "libvirtd killed and the copy hangs", on: "destination", at: { copiedPercent: 10 } },
  { means: "host cut for 30 s", on: "destination", at: { copiedPercent: 30 } },
];
const ARRIVAL: readonly Blow[] = [
  { means: "agent killed", on: "leader", at: { copiedPercent: 50 } },
  { means: "libvirtd killed", on: "destination", at: { copiedPercent: 50 } },
];

describe.skipIf(reason !== undefined)(title, () => {
  const move = new MoveScene();
  const arrival = new ArrivalScene();
  const cases = [
    ...MOVE.map((blow) => [move, blow] as const),
    ...ARRIVAL.map((blow) => [arrival, blow] as const),
  ];
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await threeHosts();
  });
  afterAll(() => cloud.close());

  it.each(cases.map(([scene, blow]) => [sentence(blow), scene, blow] as const))(
    "%s: ends with every guest unharmed and every host free",
    async (_, scene, blow) => {
      await scene.reset(cloud);
      await strike(cloud, scene, blow);
    },
  );
});
