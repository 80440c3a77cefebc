/**
 * What an idle agent costs: processor time, memory, messages, and how long it takes to start. Real processes, real libp2p
 * on the loopback, the embedded hypervisor without guests, default constants.
 *
 *   npm run bench:footprint -- [--agents 1,5,30] [--seconds 60] [--settle 30]
 */
import { spawnSync } from "node:child_process";
import { request } from "node:http";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type AgentProcess, EmbeddedCluster, pause, until } from "../../scripts/demo-cluster.ts";
import { acquainted, startInTurn } from "./agents.ts";
import { cpuSeconds, type Memory, memory } from "./footprint-process.ts";
import { machine, median, quantile, table, writeSection } from "./report.ts";

const PATIENCE_MS = 180_000;
const STARTS = 7;
const CTL = new URL("../../bin/discoveryctl", import.meta.url).pathname;

interface Traffic {
  readonly messages: number;
  readonly bytes: number;
}

interface Usage extends Memory, Traffic {
  /** Share of a core. */
  readonly cpu: number;
}

const { values } = parseArgs({
  options: {
    agents: { type: "string", default: "1,5,30" },
    seconds: { type: "string", default: "60" },
    settle: { type: "string", default: "30" },
  },
});
const seconds = Number(values.seconds);
const sizes = values.agents.split(",").map(Number);
const rows: string[][] = [];
for (const size of sizes) rows.push(row(size, await measure(size)));
const starts = await startTimes();
writeSection("footprint", page(rows, starts));

async function measure(size: number): Promise<readonly Usage[]> {
  say(`${size} agents start`);
  const cluster = await EmbeddedCluster.create({ hosts: size });
  try {
    await startInTurn(cluster.agents);
    await until("all agents know each other", PATIENCE_MS, () => acquainted(cluster.agents));
    say(`they know each other; measuring after ${values.settle} s, for ${seconds} s`);
    await pause(Number(values.settle) * 1000);
    const before = await Promise.all(cluster.agents.map(sample));
    await pause(seconds * 1000);
    const after = await Promise.all(cluster.agents.map(sample));
    return after.map((now, i) => usage(before[i] ?? now, now));
  } finally {
    await cluster.close();
  }
}

interface Sample {
  readonly at: number;
  readonly cpu: number;
  readonly memory: Memory;
  readonly traffic: Traffic;
}

async function sample(agent: AgentProcess): Promise<Sample> {
  const traffic = readTraffic(await metricsOf(agent));
  const pid = pidOf(agent);
  return { at: performance.now(), cpu: cpuSeconds(pid), memory: memory(pid), traffic };
}

function usage(before: Sample, after: Sample): Usage {
  const elapsed = (after.at - before.at) / 1000;
  return {
    ...after.memory,
    cpu: (after.cpu - before.cpu) / elapsed,
    messages: (after.traffic.messages - before.traffic.messages) / elapsed,
    bytes: (after.traffic.bytes - before.traffic.bytes) / elapsed,
  };
}

/** The agent says its process id when it is up: what was started may be a launcher. */
function pidOf(agent: AgentProcess): number {
  const pid = /"event":"agent\.started".*"pid":(\d+)/.exec(agent.log())?.[1];
  if (pid === undefined) throw new Error(`${agent.name} has not said its process id`);
  return Number(pid);
}

function metricsOf(agent: AgentProcess): Promise<string> {
  const socketPath = join(agent.directory, "run", "read.sock");
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: "/metrics", agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
    });
    asked.on("error", reject).end();
  });
}

/** What it has sent since its start, on all lanes. */
function readTraffic(text: string): Traffic {
  const sum = (name: string): number =>
    [...text.matchAll(new RegExp(`^${name}\\{.*direction="out"\\} (\\d+)$`, "gm"))].reduce(
      (total, [, value]) => total + Number(value),
      0,
    );
  return { messages: sum("discovery_messages_total"), bytes: sum("discovery_message_bytes_total") };
}

interface Starts {
  readonly agent: readonly number[];
  readonly ctl: readonly number[];
  readonly status: readonly number[];
}

/** Milliseconds from starting a process to its first answer, one after the other. */
async function startTimes(): Promise<Starts> {
  const agent: number[] = [];
  const ctl: number[] = [];
  const status: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    const cluster = await EmbeddedCluster.create({ hosts: 1 });
    try {
      const begun = performance.now();
      await cluster.start();
      agent.push(performance.now() - begun);
      const run = join(cluster.agents[0]?.directory ?? "", "run");
      ctl.push(timed(["--help"], run));
      status.push(timed(["status"], run));
    } finally {
      await cluster.close();
    }
  }
  return { agent, ctl, status };
}

function timed(args: readonly string[], directory: string): number {
  const begun = performance.now();
  const { status, stderr } = spawnSync(CTL, args, { env: { ...process.env, DISCOVERY_SOCKET: directory } });
  if (status !== 0) throw new Error(`discoveryctl ${args.join(" ")}: ${stderr}`);
  return performance.now() - begun;
}

function row(size: number, usages: readonly Usage[]): string[] {
  const spread = (read: (usage: Usage) => number, digits: number): string => {
    const all = usages.map(read);
    const [middle, most] = [median(all), quantile(all, 1)].map((value) => value.toFixed(digits));
    return size === 1 ? `${middle}` : `${middle} (${most})`;
  };
  const cells = [
    String(size),
    spread(({ cpu }) => cpu * 100, 2),
    spread(({ rss }) => rss / 1e6, 0),
    spread(({ anonymous }) => anonymous / 1e6, 0),
    spread(({ pss }) => pss / 1e6, 0),
    spread(({ messages }) => messages, 2),
    spread(({ bytes }) => bytes, 0),
  ];
  say(cells.join("  "));
  return cells;
}

function page(found: readonly string[][], { agent, ctl, status }: Starts): string {
  const heads = [
    "agents",
    "CPU, % of a core",
    "RSS, MB",
    "anonymous, MB",
    "PSS, MB",
    "messages/s",
    "bytes/s",
  ];
  const start = (what: string, times: readonly number[]): string[] => [
    what,
    median(times).toFixed(0),
    quantile(times, 1).toFixed(0),
  ];
  return `## What an idle agent costs

\`npm run bench:footprint\`, on ${machine()}.

Per agent, median (and most): user and system time over ${seconds} s, ${values.settle} s after all agents knew each other; memory at the
end (smaps_rollup; RSS contains some 60 MB of Node's own file, which all agents of a machine share); messages and bytes that
one agent sends, encoded, without framing and acknowledgements. Embedded hypervisor without guests, default constants. Goals: at
most 1 % of a core and 120 MB RSS.

${table(heads, found)}

From starting the process to its answer, milliseconds, ${agent.length} times:

${table(["", "median", "most"], [start("discoveryd until it answers", agent), start("discoveryctl --help", ctl), start("discoveryctl status", status)])}`;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
