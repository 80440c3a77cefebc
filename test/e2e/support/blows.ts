/**
 * Something dies in the middle of a plan. A plan is one slow migration; a blow falls at a point of it on one of its
 * parts; afterwards everything must be as if nothing had happened, or the plan given up and said so.
 *
 *     scene.begin() ── point reached ── blow ── restarted ── quiet: unharmed, free, finished, agreed
 */
import type { BedHost } from "../../bed/host.ts";
import { linesOf, type Marks, marksOf, unfinished } from "./agent-log.ts";
import { type Cloud, measured } from "./cloud.ts";

/** An event of the log of the leader (or, of a migration, of its source), or the share of memory that was copied. */
export type Point =
  | "partition.started"
  | "partition.planned"
  | "migration.started"
  | "migration.finished"
  | { readonly copiedPercent: number };

export type Role = "leader" | "source" | "destination";
export type Means =
  | "agent killed"
  | "libvirtd killed"
  /** At a destination: so that the new libvirtd finds a QEMU that answers nothing. */
  | "libvirtd killed and the copy hangs"
  | "host cut for 30 s";

export interface Blow {
  readonly means: Means;
  readonly on: Role;
  readonly at: Point;
}

/** A plan with one slow migration. */
export interface Scene {
  readonly leader: string;
  readonly source: string;
  readonly destination: string;
  /** Lets the plan begin; resolves before it ends. */
  begin(cloud: Cloud): Promise<void>;
  /** Resolves when what the plan was for has come to its end, or can no longer. */
  settled(cloud: Cloud): Promise<void>;
  /** Brings everything back to where `begin` can be called again. */
  reset(cloud: Cloud): Promise<void>;
}

const PATIENCE_MS = 60_000;
/** A point is to be hit, not passed. */
const WATCH_MS = 10;
/** How long the cable is out, by the clock of a guest that lives elsewhere. */
const CUT_SECONDS = 30;

export function sentence({ means, on, at }: Blow): string {
  const when = typeof at === "string" ? `at ${at}` : `at ${at.copiedPercent} % of the copy`;
  return `${means}: ${on}, ${when}`;
}

/** Lets the plan begin, strikes, restarts what died, and waits until all is well; rejects with everything that is not. */
export async function strike(cloud: Cloud, scene: Scene, blow: Blow): Promise<void> {
  const marks = marksOf(cloud.agents);
  const reached = watch(cloud, scene, blow.at, marks);
  await scene.begin(cloud);
  await reached();
  await deal(cloud, scene, blow);
  await scene.settled(cloud);
  await aftermath(cloud, marks, typeof blow.at !== "string");
}

/** What must hold once a blow is over, whatever it was. */
async function aftermath(cloud: Cloud, marks: Marks, underWay: boolean): Promise<void> {
  const began = performance.now();
  await cloud.together();
  await cloud.free();
  await cloud
    .until("everything begun is said to have ended", () => unfinished(marks, underWay).length === 0)
    .catch((cause: Error) => {
      throw new Error(`${unfinished(marks, underWay).join("\n")}\n${cause.message}`);
    });
  await cloud.unharmed();
  for (const { name } of cloud.agents) await cloud.agrees(name);
  measured("  all is well again after", performance.now() - began);
}

/** Waits for the point, by what is said after the marks. */
function watch(cloud: Cloud, scene: Scene, at: Point, marks: Marks) {
  const since = (host: string, event: string) =>
    linesOf(cloud.agent(host))
      .slice(marks.get(cloud.agent(host)))
      .find((line) => line.event === event);
  const says = (host: string, event: string) =>
    cloud.until(`${host} says ${event}`, () => since(host, event) ?? null, PATIENCE_MS, WATCH_MS);
  if (typeof at === "string") return () => says(at.startsWith("migration") ? scene.source : scene.leader, at);
  return async () => {
    const { vm } = await says(scene.source, "migration.started");
    await copied(cloud, scene.source, String(vm), at.copiedPercent);
  };
}

/** By libvirt's own account; a migration that has ended meanwhile has copied everything. */
async function copied(cloud: Cloud, source: string, guest: string, percent: number): Promise<void> {
  let begun = false;
  await cloud.until(
    `${percent} % of ${guest} are copied`,
    async () => {
      const { stdout } = await cloud.host(source).virshResult(["domjobinfo", guest], { anyCode: true });
      const done = amount(stdout, "Memory processed");
      const left = amount(stdout, "Memory remaining");
      if (done === null || left === null) return begun;
      begun = true;
      return 100 * done >= percent * (done + left);
    },
    PATIENCE_MS,
    WATCH_MS,
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
    case "libvirtd killed and the copy hangs":
      return await hangCopy(cloud.host(name));
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

async function hangCopy(host: BedHost): Promise<void> {
  await host.killLibvirtd();
  for (const { pid, incoming } of host.qemuProcesses()) if (incoming) process.kill(pid, "SIGSTOP");
  await host.startLibvirtd();
}

async function cut(cloud: Cloud, name: string): Promise<void> {
  const clock = cloud.guests.find((guest) => !cloud.whereIs(guest).includes(name));
  if (clock === undefined) throw new Error("no guest lives elsewhere");
  await cloud.host(name).cut();
  await cloud.lives(clock, CUT_SECONDS);
  await cloud.host(name).heal();
}
