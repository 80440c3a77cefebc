/** What an agent has said, from its log: JSON lines that outlive the process. */
import type { AgentProcess } from "../../../scripts/demo-cluster.ts";

export interface LogLine {
  /** RFC 3339. */
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

const LAST_WORDS = 25;

/** Lines that are no JSON (a crash of the runtime) are lines of the event `raw`. */
export function linesOf(agent: AgentProcess): readonly LogLine[] {
  return agent
    .log()
    .split("\n")
    .filter((line) => line !== "")
    .map(parsed);
}

export function said(agent: AgentProcess, event: string): readonly LogLine[] {
  return linesOf(agent).filter((line) => line.event === event);
}

/** The last lines of every agent, for the message of a failure. */
export function lastWords(agents: readonly AgentProcess[]): string {
  return agents
    .map((agent) => `── ${agent.name} said last:\n${linesOf(agent).slice(-LAST_WORDS).map(short).join("\n")}`)
    .join("\n");
}

function parsed(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { time: "", level: "error", event: "raw", msg: line };
  }
}

function short({ time, level, event, msg, host: _, ...fields }: LogLine): string {
  const rest = Object.keys(fields).length === 0 ? "" : ` ${JSON.stringify(fields).slice(0, 300)}`;
  return `${time.slice(11, 23)} ${level} ${event}: ${msg}${rest}`;
}

/** Where the agents' logs end now. */
export type Marks = ReadonlyMap<AgentProcess, number>;

export function marksOf(agents: readonly AgentProcess[]): Marks {
  return new Map(agents.map((agent) => [agent, linesOf(agent).length]));
}

interface Kind {
  readonly begin: string;
  readonly ends: readonly string[];
  readonly key: (line: LogLine) => unknown;
}

const MIGRATION: Kind = {
  begin: "migration.started",
  ends: ["migration.finished", "migration.failed", "migration.lost"],
  key: ({ action }) => action,
};
const OTHERS: readonly Kind[] = [
  { begin: "partition.started", ends: ["partition.ended"], key: ({ partition }) => partition },
  {
    begin: "booking.granted",
    ends: ["booking.ended"],
    key: ({ partition, token }) => `${partition}/${token}`,
  },
];

/**
 * What was begun since the marks, and not said to have ended: one sentence each. Ask when all is quiet. What a process
 * had begun when it was killed need not be known to the next one, which may find it was never durable; but for
 * `underWay`: then every migration was, and its end must be said whoever was killed.
 */
export function unfinished(marks: Marks, underWay: boolean): string[] {
  return [...marks].flatMap(([agent, mark]) => {
    const lines = linesOf(agent).slice(mark);
    const own = lines.slice(
      Math.max(
        0,
        lines.findLastIndex(({ event }) => event === "agent.started"),
      ),
    );
    const migrations = open(underWay ? lines : own, lines, MIGRATION);
    const others = OTHERS.flatMap((kind) => open(own, lines, kind));
    return [...migrations, ...others].map((what) => `${agent.name}: ${what}`);
  });
}

function open(begun: readonly LogLine[], all: readonly LogLine[], { begin, ends, key }: Kind): string[] {
  const ended = new Set(all.filter(({ event }) => ends.includes(event)).map(key));
  return begun
    .filter((line) => line.event === begin && !ended.has(key(line)))
    .map((line) => `${begin} ${String(key(line))} has no end`);
}
