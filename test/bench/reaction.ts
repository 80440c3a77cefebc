/**
 * How long an overload lasts: one host after the other gets guests that want more than it has, and the agents' event
 * streams tell what they made of it. Default constants: hold 5 s, window 3 s, sample 1 s.
 *
 *   npm run bench:reaction -- [--hosts 30] [--events 12]             embedded hypervisors, real agents and connections
 *   npm run bench:reaction -- --libvirt [--hosts 4] [--events 8]     real libvirt hosts and guests (root)
 */
import { parseArgs } from "node:util";
import { type AgentProcess, pause, until } from "../../scripts/demo-cluster.ts";
import type { VmView } from "../../src/api/views.ts";
import { acquainted, startInTurn } from "./agents.ts";
import { embeddedStage, libvirtStage, type ReactionStage } from "./reaction-stage.ts";
import { type Reaction, Timeline } from "./reaction-timeline.ts";
import { machine, median, quantile, table, writeSection } from "./report.ts";

const PATIENCE_MS = 300_000;
const GUESTS_PER_HOST = 3;
/** What a host's guests want together, as shares of what it has: so much at rest, and so much at an event. */
const REST = 0.15;
const EVENT = 1.4;

const PARTS = [
  ["detect", "detect: smoothing, hold, sample"],
  ["wait", "wait for the own host"],
  ["build", "build the partition"],
  ["compute", "compute the plan"],
  ["apply", "apply it"],
  ["rest", "the rest: check, writes, release"],
  ["total", "**onset to the end of the partition**"],
  ["migration", "of which the longest migration"],
] as const;
const COUNTS = [
  ["messages", "messages"],
  ["hosts", "hosts in the partition"],
  ["migrations", "migrations"],
  ["partitions", "partitions until the event's end"],
] as const;

const { values } = parseArgs({
  options: {
    hosts: { type: "string" },
    events: { type: "string" },
    libvirt: { type: "boolean", default: false },
  },
});
const hosts = Number(values.hosts ?? (values.libvirt ? 4 : 30));
const events = Number(values.events ?? (values.libvirt ? 8 : 12));
say(`${hosts} ${values.libvirt ? "libvirt" : "embedded"} hosts`);
const stage = await (values.libvirt ? libvirtStage : embeddedStage)(hosts, GUESTS_PER_HOST);
try {
  const reactions = await play(stage);
  const name = values.libvirt ? "reaction-libvirt" : "reaction";
  writeSection(name, page(reactions));
} finally {
  await stage.close();
}

async function play({ agents, manifests, capacity, load }: ReactionStage): Promise<readonly Reaction[]> {
  const [first] = agents;
  if (first === undefined) throw new Error("there are no agents");
  await startInTurn(agents);
  await until("all agents know each other", PATIENCE_MS, () => acquainted(agents));
  const timeline = new Timeline(agents);
  for (const [i, manifest] of manifests.entries()) await apply(agents[i] ?? first, manifest);
  await until("every guest runs", PATIENCE_MS, async () => {
    const running = (await guestsOf(first)).filter(({ state }) => state === "running");
    return running.length === agents.length * GUESTS_PER_HOST;
  });
  const rest = Math.round((REST * capacity) / GUESTS_PER_HOST);
  await Promise.all((await guestsOf(first)).map((vm) => load(vm, rest)));
  const reactions: Reaction[] = [];
  const used = new Map<string, number>();
  while (reactions.length < events) {
    const crowd = await nextCrowd(first, used);
    const host = crowd[0]?.host ?? "";
    used.set(host, (used.get(host) ?? 0) + 1);
    const hot = Math.round((EVENT * capacity) / crowd.length);
    const onset = Date.now();
    await Promise.all(crowd.map((vm) => load(vm, hot)));
    const reaction = await until(`${host} is relieved`, PATIENCE_MS, async () =>
      timeline.reaction(host, onset),
    );
    reactions.push(reaction);
    say(`${host}, ${crowd.length} guests: ${JSON.stringify(reaction)}`);
    const ids = new Set(crowd.map(({ id }) => id));
    for (const vm of await guestsOf(first)) if (ids.has(vm.id)) await load(vm, rest);
    await until("every host is at rest", PATIENCE_MS, () => atRest(first));
  }
  timeline.close();
  return reactions;
}

/** A newcomer may still be moving in: what is refused for the moment is asked again. */
async function apply({ client }: AgentProcess, manifest: ReactionStage["manifests"][number]): Promise<void> {
  await until("the VE is applied", PATIENCE_MS, async () => {
    const applied = await client.call("ve.apply", { manifest });
    if (applied.ok) return true;
    if (applied.failure.code !== "busy" && applied.failure.code !== "conflict")
      throw new Error(`${applied.failure.message}: ${applied.failure.reason ?? ""}`);
    await pause(500);
    return false;
  });
}

async function guestsOf({ client }: AgentProcess): Promise<readonly VmView[]> {
  const reply = await client.call("vm.list", {});
  return reply.ok ? reply.value.value : [];
}

/** The guests of a host that has at least two, of those that had the fewest events so far. */
async function nextCrowd(first: AgentProcess, used: ReadonlyMap<string, number>): Promise<readonly VmView[]> {
  const crowds = [...Map.groupBy(await guestsOf(first), ({ host }) => host)].filter(
    ([, vms]) => vms.length >= 2 && vms.length <= 2 * GUESTS_PER_HOST,
  );
  const [next] = crowds.sort(([a], [b]) => (used.get(a) ?? 0) - (used.get(b) ?? 0));
  if (next === undefined) throw new Error("no host has between two and six guests");
  return next[1];
}

async function atRest({ client }: AgentProcess): Promise<boolean> {
  const reply = await client.call("host.list", {});
  if (!reply.ok) return false;
  return reply.value.value.every(({ report }) => {
    if (report === null || report.partition !== null || report.events.length > 0) return false;
    return report.condition.kind !== "overloaded" && report.wanted.cpu < report.capacity.cpu / 2;
  });
}

function page(reactions: readonly Reaction[]): string {
  const line = (key: keyof Reaction, label: string): string[] => {
    const all = reactions.map((reaction) => Number(reaction[key]));
    return [label, ...[0.5, 0.95, 1].map((share) => quantile(all, share).toFixed(0))];
  };
  const outcomes = [...Map.groupBy(reactions, ({ outcome }) => outcome)]
    .map(([outcome, of]) => `${of.length} ${outcome}`)
    .join(", ");
  const overhead = median(reactions.map(({ total, detect, migration }) => total - detect - migration));
  const flag = values.libvirt ? " -- --libvirt" : "";
  const where = values.libvirt ? "libvirt hosts of the bed, QEMU guests under TCG" : "embedded hosts";
  return `## Reaction to an overload: ${hosts} ${where}

\`npm run bench:reaction${flag}\`, on ${machine()}.

${reactions.length} events, one at a time: a host's guests want ${EVENT * 100} % of what it has at once. Default constants (sample 1 s, window
3 s, hold 5 s). Outcomes: ${outcomes}. From the event to the end of the partition, without the longest migration: ${overhead} ms at the
median.

Milliseconds:

${table(
  ["", "median", "p95", "most"],
  PARTS.map(([key, label]) => line(key, label)),
)}

Per event:

${table(
  ["", "median", "p95", "most"],
  COUNTS.map(([key, label]) => line(key, label)),
)}`;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
