/**
 * The long acceptance tests on real libvirt hosts, with the constants that are shipped: what is a sample in the test
 * suite is done in full here. Every round is a line; the exit code says whether all held.
 */
import { parseArgs } from "node:util";
import { whyNoBed } from "../test/bed/bed.ts";
import { type Blow, type Point, type Scene, sentence, strike } from "../test/e2e/support/blows.ts";
import { type Cloud, SHIPPED, SHIPPED_PATIENCE_MS } from "../test/e2e/support/cloud.ts";
import { ArrivalScene, MoveScene, threeHosts } from "../test/e2e/support/scenes.ts";
import { twoRacks } from "../test/e2e/support/two-racks.ts";

const USAGE = `Usage: scripts/soak [blows|quiet] [--rounds N] [--only TEXT] [--quick]

  blows        an agent or a libvirtd is killed, or a host cut off, at every point of a plan (some 20 min)
  quiet        two overloads at once, then ten minutes of the same load in which nothing may move
  --rounds N   all of it N times (default 1)
  --only TEXT  of the blows those whose line contains it, e.g. 'libvirtd killed: destination'
  --quick      with the shorter leases and holds of the test suite

Without a name: both.
`;
const QUIET_SECONDS = 600;
const SHIPPED_OPTIONS = { config: SHIPPED, patienceMs: SHIPPED_PATIENCE_MS };

const at = (copiedPercent: number): Point => ({ copiedPercent });
const kills = (on: Blow["on"], points: readonly Point[]): Blow[] =>
  points.map((point) => ({ means: "agent killed", on, at: point }));

/** The initiator leads and is the source. */
const MOVE: readonly Blow[] = [
  ...kills("leader", ["partition.started", "partition.planned", "migration.started", at(10), at(50), at(90)]),
  ...kills("leader", ["migration.finished"]),
  ...kills("destination", ["partition.planned", "migration.started", at(10), at(50), at(90)]),
  ...kills("destination", ["migration.finished"]),
  ...(["migration.started", at(50), at(90)] as const).flatMap((point): Blow[] => [
    { means: "libvirtd killed", on: "source", at: point },
    { means: "libvirtd killed", on: "destination", at: point },
  ]),
  { means: "libvirtd killed and the copy hangs", on: "destination", at: at(10) },
  { means: "host cut for 30 s", on: "source", at: at(30) },
  { means: "host cut for 30 s", on: "destination", at: at(30) },
];
/** The leader takes no part in the migration. */
const ARRIVAL: readonly Blow[] = [
  ...kills("leader", [
    "partition.started",
    "partition.planned",
    at(10),
    at(50),
    at(90),
    "migration.finished",
  ]),
  ...kills("source", ["migration.started", at(50)]),
  ...kills("destination", ["migration.started", at(50)]),
  { means: "libvirtd killed", on: "source", at: at(50) },
  { means: "libvirtd killed", on: "destination", at: at(50) },
  { means: "host cut for 30 s", on: "leader", at: at(30) },
  { means: "host cut for 30 s", on: "source", at: at(30) },
  { means: "host cut for 30 s", on: "destination", at: at(30) },
];

const { names, rounds, only, quick } = readArguments();
const options = quick ? {} : SHIPPED_OPTIONS;
const failures: string[] = [];
for (let round = 1; round <= rounds; round++) {
  if (names.includes("blows")) await blows(round);
  if (names.includes("quiet")) await attempt(`${round}: ten quiet minutes`, quietMinutes);
}
console.log(failures.length === 0 ? "all held" : `${failures.length} did not hold:\n${failures.join("\n")}`);
process.exit(failures.length === 0 ? 0 : 1);

async function blows(round: number): Promise<void> {
  let cloud: Cloud | null = null;
  const all = [
    ...MOVE.map((blow) => ({ name: "move", scene: new MoveScene() as Scene, blow })),
    ...(() => {
      const scene = new ArrivalScene();
      return ARRIVAL.map((blow) => ({ name: "arrival", scene: scene as Scene, blow }));
    })(),
  ];
  for (const { name, scene, blow } of all) {
    const what = `${name}, ${sentence(blow)}`;
    if (!what.includes(only)) continue;
    const open: Cloud = cloud ?? (await threeHosts(options));
    const held = await attempt(`${round}: ${what}`, async () => {
      await scene.reset(open);
      await strike(open, scene, blow);
    });
    cloud = held ? open : null;
    if (!held) await open.close();
  }
  await cloud?.close();
}

async function quietMinutes(): Promise<void> {
  const cloud = await twoRacks.create(options);
  try {
    await twoRacks.fill(cloud);
    const { solved, moves } = await twoRacks.overload(cloud);
    console.log(
      `  ${moves} migrations; partitions: ${solved.map(({ hosts }) => hosts.join("+")).join(", ")}`,
    );
    if (!twoRacks.atOnce(solved)) throw new Error("the two partitions did not work at the same time");
    await twoRacks.quiet(cloud, QUIET_SECONDS);
    await cloud.unharmed();
  } finally {
    await cloud.close();
  }
}

async function attempt(what: string, work: () => Promise<void>): Promise<boolean> {
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  console.log(what);
  try {
    await work();
    console.log(`  held, ${seconds()}`);
    return true;
  } catch (cause) {
    failures.push(what);
    console.log(`  DID NOT HOLD, ${seconds()}\n${cause instanceof Error ? cause.message : String(cause)}`);
    return false;
  }
}

function readArguments(): { names: readonly string[]; rounds: number; only: string; quick: boolean } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "1" },
      only: { type: "string", default: "" },
      quick: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const known = ["blows", "quiet"];
  const rounds = Number(values.rounds);
  const wrong = positionals.some((name) => !known.includes(name)) || !Number.isInteger(rounds) || rounds < 1;
  if (values.help || wrong) {
    console.log(USAGE);
    process.exit(values.help ? 0 : 2);
  }
  const reason = whyNoBed();
  if (reason !== undefined) {
    console.error(reason);
    process.exit(1);
  }
  return {
    names: positionals.length === 0 ? known : positionals,
    rounds,
    only: values.only,
    quick: values.quick,
  };
}
