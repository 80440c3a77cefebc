/**
 * Something dies in the middle of a plan. A plan is one slow migration; a blow falls at a point of it on one of its
 * parts; afterwards everything must be as if nothing had happened, or the plan given up and said so.
 *
 *     scene.begin() ── point reached ── blow ── restarted ── quiet: unharmed, free, finished, agreed
 */
import type { AgentProcess } from "../../../scripts/demo-cluster.ts";
import type { BedHost } from "../../bed/host.ts";
import { linesOf, unfinished } from "./agent-log.ts";
import { type Cloud, measured } from "./cloud.ts";

/** An event of the log of the leader (or, of a migration, of its source), or the share of memory that was copied. */
export type Point =
  | "partition.started"
  | "partition.planned"
  | "migration.started"
  | "migration.finished"
  | { readonly copiedPercent: number };

export type Role = "leader" | "source" | "destination";
export type Means = "agent killed" | "libvirtd killed" | "host cut for 30 s";

export interface Blow {
  readonly means: Means;
  readonly on: Role;
  readonly at: Point;
}

/** A plan that is one migration of `guest`. */
export interface Scene {
  readonly leader: string;
  readonly source: string;
  readonly destination: string;
  readonly guest: string;
  /** Lets the plan begin; resolves before it ends. */
  begin(cloud: Cloud): Promise<void>;
  /** Brings everything back to where `begin` can be called again. */
  reset(cloud: Cloud): Promise<void>;
}

/** How long the cable is out, by the clock of a guest that lives elsewhere. */
const CUT_SECONDS = 30;

export function sentence({ means, on, at }: Blow): string {
  const when = typeof at === "string" ? `at ${at}` : `at ${at.copiedPercent} % of the copy`;
  return `${means}: ${on}, ${when}`;
}

/** Lets the plan begin, strikes, restarts what died, and waits until all is well; rejects with everything that is not. */
export async function strike(cloud: Cloud, scene: Scene, blow: Blow): Promise<void> {
  const marks = new Map(cloud.agents.map((agent) => [agent, linesOf(agent).length]));
  const reached = watch(cloud, scene, blow.at, marks);
  await scene.begin(cloud);
  await reached();
  await deal(cloud, scene, blow);
  await aftermath(cloud);
}

/** What must hold once a blow is over, whatever it was. */
export async function aftermath(cloud: Cloud): Promise<void> {
  const began = performance.now();
  await cloud.together();
  await cloud.free();
  await cloud
    .until("everything begun is said to have ended", () => unfinished(cloud.agents).length === 0)
    .catch((cause: Error) => {
      throw new Error(`${unfinished(cloud.agents).join("\n")}\n${cause.message}`);
    });
  await cloud.unharmed();
  for (const { name } of cloud.agents) await cloud.agrees(name);
  measured("  all is well again after", performance.now() - began);
}

/** Asks whether the point has been reached since the marks. */
function watch(cloud: Cloud, scene: Scene, at: Point, marks: ReadonlyMap<AgentProcess, number>) {
  if (typeof at !== "string") return () => copied(cloud, scene, at.copiedPercent);
  const teller = cloud.agent(at.startsWith("migration") ? scene.source : scene.leader);
  const told = () =>
    linesOf(teller)
      .slice(marks.get(teller))
      .some(({ event }) => event === at);
  return () => cloud.until(`${teller.name} says ${at}`, told, undefined, 10);
}

/** By libvirt's own account; a migration that has ended meanwhile has copied everything. */
async function copied(cloud: Cloud, { source, guest }: Scene, percent: number): Promise<true> {
  const host = cloud.host(source);
  const share = async (): Promise<number | null> => {
    const { stdout } = await host.virshResult(["domjobinfo", guest], { anyCode: true });
    const [done, left] = ["Memory processed", "Memory remaining"].map((field) => amount(stdout, field));
    return done === null || left === null || done === undefined || left === undefined
      ? null
      : (100 * done) / (done + left);
  };
  await cloud.until(
    `the migration of ${guest} is under way`,
    async () => (await share()) !== null,
    undefined,
    20,
  );
  return await cloud.until(
    `${percent} % of ${guest} are copied`,
    async () => ((await share()) ?? 100) >= percent,
    undefined,
    20,
  );
}

const UNITS: { readonly [unit: string]: number } = { B: 1, KiB: 1024, MiB: 1_048_576, GiB: 1_073_741_824 };

function amount(text: string, field: string): number | null {
  const [, number, unit = "B"] = new RegExp(`${field}:\\s+([0-9.]+) (\\w+)`).exec(text) ?? [];
  return number === undefined ? null : Number(number) * (UNITS[unit] ?? 1);
}

async function deal(cloud: Cloud, scene: Scene, { means, on }: Blow): Promise<void> {
  const name = scene[on];
  switch (means) {
    case "agent killed":
      return await killAgent(cloud, name);
    case "libvirtd killed":
      return await killLibvirtd(cloud.host(name));
    case "host cut for 30 s":
      return await cut(cloud, name);
  }
}

/** kill -9, and started anew at once. */
async function killAgent(cloud: Cloud, name: string): Promise<void> {
  const agent = cloud.agent(name);
  await agent.stop("SIGKILL");
  const began = performance.now();
  agent.start();
  await agent.ready();
  await cloud.agrees(name);
  measured(`  agent of ${name} back, its view libvirt's, after`, performance.now() - began);
}

async function killLibvirtd(host: BedHost): Promise<void> {
  await host.killLibvirtd();
  await host.startLibvirtd();
}

async function cut(cloud: Cloud, name: string): Promise<void> {
  const clock = cloud.guests.find((guest) => !cloud.whereIs(guest).includes(name));
  if (clock === undefined) throw new Error("no guest lives elsewhere");
  await cloud.host(name).cut();
  await cloud.lives(clock, CUT_SECONDS);
  await cloud.host(name).heal();
}
