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

/** What was begun in these logs, and not said to have ended: one sentence each. Ask when all is quiet. */
export function unfinished(agents: readonly AgentProcess[]): string[] {
  return agents.flatMap((agent) => {
    const lines = linesOf(agent);
    return [
      ...open(agent, lines, "partition.started", ["partition.ended"], ({ partition }) => partition),
      ...open(
        agent,
        lines,
        "booking.granted",
        ["booking.ended"],
        ({ partition, token }) => `${partition}/${token}`,
      ),
      ...open(
        agent,
        lines,
        "migration.started",
        ["migration.finished", "migration.failed", "migration.lost"],
        ({ action }) => action,
      ),
    ];
  });
}

/** What a process had begun when it was killed need not be known to the next one: it may not have been durable. */
function open(
  agent: AgentProcess,
  lines: readonly LogLine[],
  begin: string,
  ends: readonly string[],
  keyOf: (line: LogLine) => unknown,
): string[] {
  const ended = new Set(lines.filter(({ event }) => ends.includes(event)).map(keyOf));
  const lastStart = lines.findLastIndex(({ event }) => event === "agent.started");
  return lines
    .slice(Math.max(0, lastStart))
    .filter((line) => line.event === begin && !ended.has(keyOf(line)))
    .map((line) => `${agent.name}: ${begin} ${String(keyOf(line))} has no end`);
}
