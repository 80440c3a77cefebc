/** From the agents' event streams: what one overload's handling consisted of. */
import type { AgentProcess } from "../../scripts/demo-cluster.ts";
import type { EventLine } from "../../src/api/views.ts";

/** One reaction; times in milliseconds. */
export interface Reaction {
  /** From the true onset to the event: smoothing, hold, and what is left of a sample. */
  readonly detect: number;
  /** From the event to its partition. */
  readonly wait: number;
  readonly build: number;
  readonly compute: number;
  readonly apply: number;
  /** What is left: asking the members whether the plan still fits, writes, giving hosts back. */
  readonly rest: number;
  /** From the true onset to the end of the partition. */
  readonly total: number;
  /** The longest migration of it: the floor under everything. */
  readonly migration: number;
  readonly messages: number;
  readonly hosts: number;
  readonly partitions: number;
  readonly migrations: number;
  readonly outcome: string;
}

interface Line {
  readonly host: string;
  readonly at: number;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Listens to all agents; their wall clocks are this machine's, and so one and the same. */
export class Timeline {
  readonly #lines: Line[] = [];
  readonly #stop = new AbortController();

  constructor(agents: readonly AgentProcess[]) {
    for (const { name, client } of agents)
      void client.events({ follow: true }, (line) => this.#take(name, line), this.#stop.signal);
  }

  close(): void {
    this.#stop.abort();
  }

  /** What the host made of an overload that began at `onset`; null while it is not over. */
  reaction(host: string, onset: number): Reaction | null {
    const lines = this.#lines.filter((line) => line.host === host && line.at >= onset);
    const raised = lines.find(
      ({ event, message }) => event === "event.raised" && message === "overload event",
    );
    const over = lines.find(
      ({ event, eventId, retryInMs }) =>
        event === "event.ended" && eventId === raised?.["eventId"] && retryInMs === null,
    );
    if (raised === undefined || over === undefined) return null;
    const started = lines.filter(
      ({ event, eventId }) => event === "partition.started" && eventId === raised["eventId"],
    );
    const ended = started.flatMap(({ partition }) =>
      lines.filter((line) => line.event === "partition.ended" && line["partition"] === partition),
    );
    const moves = lines.filter(({ event, role }) => event === "migration.finished" && role === "source");
    return summary(onset, { raised, started, ended, moves, over });
  }

  #take(host: string, line: EventLine): void {
    if (line.kind !== "Event") return;
    const { time, ...fields } = line;
    this.#lines.push({ ...fields, host, at: Date.parse(time) });
  }
}

interface Chapter {
  readonly raised: Line;
  readonly started: readonly Line[];
  readonly ended: readonly Line[];
  readonly moves: readonly Line[];
  readonly over: Line;
}

function summary(onset: number, { raised, started, ended, moves, over }: Chapter): Reaction | null {
  const [first] = started;
  const last = ended.at(-1);
  if (first === undefined || last === undefined) return null;
  const sum = (field: string): number => ended.reduce((total, line) => total + Number(line[field]), 0);
  const parts = {
    detect: raised.at - onset,
    wait: first.at - raised.at,
    build: sum("buildMs"),
    compute: sum("computeMs"),
    apply: sum("applyMs"),
  };
  const total = last.at - onset;
  return {
    ...parts,
    rest: total - Object.values(parts).reduce((all, part) => all + part, 0),
    total,
    migration: Math.max(...moves.map(({ durationMs }) => Number(durationMs))),
    messages: sum("messages"),
    hosts: (last["hosts"] as readonly string[]).length,
    partitions: started.length,
    migrations: moves.length,
    outcome: String(over["outcome"]),
  };
}
