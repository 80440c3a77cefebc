/** Two racks of two hosts and sixteen guests; one host of each rack is overloaded at the same time. */
import { type LogLine, linesOf, said } from "./agent-log.ts";
import { Cloud, type CloudOptions, measured } from "./cloud.ts";

/** milli-CPU per host: the two busy guests of a host want half as much again; when one leaves, the rest fits well. */
const CAPACITY = 300;
const BURN = 22;
const BUSY = 2;
const RACKS: { readonly [host: string]: string } = { h1: "r1", h2: "r1", h3: "r2", h4: "r2" };
const CROWDED = ["h1", "h3"];

export interface SolvedPartition {
  readonly hosts: readonly string[];
  /** RFC 3339. */
  readonly began: string;
  readonly ended: string;
}

async function create(options: Partial<CloudOptions> = {}): Promise<Cloud> {
  const labels = (host: string) => ({ site: "lab", rack: RACKS[host] ?? "" });
  return await Cloud.create({ hosts: 4, capacity: CAPACITY, labels, ...options });
}

/** Four guests on each host, slow enough to move that two overloads meet in time. */
async function fill(cloud: Cloud): Promise<void> {
  const hosts = Object.keys(RACKS);
  await cloud.balancing("manual");
  for (const host of hosts) await cloud.adopt(`ve-${host}`, host, guestsOf(host));
  await Promise.all(hosts.map((host) => cloud.slowDown(`ve-${host}`, 1)));
  await cloud.balancing("auto");
}

function guestsOf(host: string): string[] {
  return [1, 2, 3, 4].map((n) => `${host}-${n}`);
}

/** Overloads both hosts at once; resolves, with each one's first partition, when all hosts are viable again. */
async function overload(cloud: Cloud): Promise<{ solved: readonly SolvedPartition[]; moves: number }> {
  const began = performance.now();
  await cloud.burn(
    Object.fromEntries(
      CROWDED.flatMap((host) => guestsOf(host).slice(0, BUSY)).map((guest) => [guest, BURN]),
    ),
  );
  for (const host of CROWDED)
    await cloud.until(`${host} raises an event`, () => overloads(cloud, host).length > 0);
  measured("from load to both events", performance.now() - began);
  for (const host of CROWDED)
    await cloud.until(`${host} ends its partition`, () => solvedBy(cloud, host).length > 0);
  await cloud.viable();
  measured("from load to viable", performance.now() - began);
  return { solved: CROWDED.flatMap((host) => solvedBy(cloud, host).slice(0, 1)), moves: moves(cloud) };
}

/** Whether both partitions were at work at one instant. */
function atOnce([one, other]: readonly SolvedPartition[]): boolean {
  return one !== undefined && other !== undefined && one.began < other.ended && other.began < one.ended;
}

/** Nothing moves and nothing is overloaded while guests count so many seconds. */
async function quiet(cloud: Cloud, seconds: number): Promise<void> {
  const before = moves(cloud);
  const raised = CROWDED.flatMap((host) => overloads(cloud, host)).length;
  await cloud.lives("h1-1", seconds);
  const moved = moves(cloud) - before;
  const again = Object.keys(RACKS).flatMap((host) => overloads(cloud, host)).length - raised;
  cloud.expectNone([
    ...(moved === 0 ? [] : [`${moved} migrations in a quiet time`]),
    ...(again === 0 ? [] : [`${again} overloads in a quiet time`]),
  ]);
}

function overloads(cloud: Cloud, host: string): readonly LogLine[] {
  return said(cloud.agent(host), "event.raised").filter(({ kind }) => kind === "overload");
}

function solvedBy(cloud: Cloud, host: string): SolvedPartition[] {
  const lines = linesOf(cloud.agent(host));
  const raised = new Set(overloads(cloud, host).map(({ eventId }) => eventId));
  const started = lines.filter((line) => line.event === "partition.started" && raised.has(line["eventId"]));
  return started.flatMap(({ partition, time }) => {
    const end = lines.find((line) => line.event === "partition.ended" && line["partition"] === partition);
    if (end?.["outcome"] !== "solved") return [];
    return [{ hosts: [...(end["hosts"] as string[])].sort(), began: time, ended: end.time }];
  });
}

function moves(cloud: Cloud): number {
  const finished = cloud.agents.flatMap((agent) => said(agent, "migration.finished"));
  return finished.filter(({ role }) => role === "source").length;
}

export const twoRacks = { create, fill, overload, atOnce, quiet };
