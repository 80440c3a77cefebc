import type { AgentInput } from "../../agent/inputs.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import { doublings, SENDINGS } from "../../dnt/membership/settings.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";

type Sizes = NonNullable<ReturnType<SimulatedHost["sizes"]>>;
type Kind = keyof Sizes;

/** What an agent and its driver may remember at most, of each kind, whatever the world is like. */
const CAPS: Readonly<Record<Kind, number>> = {
  members: 32_768,
  rumours: 32_768,
  queued: 2 * 32_768,
  suspicions: 32_768,
  rota: 32_768,
  probes: 32_768,
  relays: 64,
  sessions: 8,
  records: 4096,
  creating: 4096,
  transfers: 4096,
  homes: 16_384,
  changes: 16_384,
  ceded: 16_384,
  acquaintances: 16_384,
  taking: 4096,
  senders: 32_768,
  receipts: 4096,
  calls: 1024,
  answers: 256,
  orders: 2048,
  owed: 2048,
  commands: 256,
  deposed: 32,
  left: 32,
  events: 256,
  departures: 256,
  failedMoves: 256,
  readings: 256,
  handlers: 4096,
  lives: 32_768,
  guests: 8192,
  told: 4096,
  stops: 256,
  questions: 4096,
  repeats: 512,
  history: 1000,
  reasons: 50,
  operations: 200 + 256,
  migrations: 256,
  unanswered: 64,
  solves: 64,
  timers: 8192,
  inbox: 10_000,
  writing: 10_000,
  held: 10_000,
};
const KINDS = Object.keys(CAPS) as Kind[];
/** Rows on a disk; more than a host's guests, records and operations need. */
const MAX_ROWS = 1000;
/** Of a queue of rumours so many that were replaced, and as many again as are left, are not taken out. */
const QUEUE_SLACK = 64;
/** A leader asks each member a few things at a time; how a few orders ended is told for half a minute to who is silent. */
const CALLS_TO_EACH = 6;
const CALLS_OF_ORDERS = 24;
/** Timers that are not those of questions. */
const OWN_TIMERS = 32;
/** How often a host's agent is looked at; of more than a hundred hosts one every 10 ms. */
const LOOK_MS = 1000;
const LOOK_EACH_MS = 10;

/** What is open only as long as somebody waits for it. */
const OPEN: readonly Kind[] = ["calls", "owed", "questions", "creating", "transfers", "commands", "stops"];

/**
 * Bounded memory: nothing that is remembered grows without end, or beyond what there is to be remembered; at rest nobody
 * is being asked any more.
 */
export class BoundsChecker implements Checker {
  readonly name = "bounds";
  readonly #looked = new Map<string, number>();

  stepped(
    host: SimulatedHost,
    _input: AgentInput,
    _effects: readonly AgentEffect[],
    world: CheckedWorld,
  ): readonly string[] {
    const every = Math.max(LOOK_MS, LOOK_EACH_MS * world.hosts.length);
    if (world.now - (this.#looked.get(host.id) ?? 0) < every) return NOTHING_WRONG;
    this.#looked.set(host.id, world.now);
    const sizes = host.sizes();
    return sizes === null
      ? NOTHING_WRONG
      : [...beyond(host, sizes, CAPS), ...beyond(host, sizes, needed(host, sizes, world.hosts.length))];
  }

  unsettled({ hosts }: CheckedWorld): readonly string[] {
    return hosts.flatMap((host) => {
      const sizes = host.sizes();
      const rows = host.disk.keys("").length;
      return [
        ...(sizes === null ? [] : atRest(host, sizes)),
        ...(rows > MAX_ROWS ? [`${host.id} has ${rows} rows on its disk`] : []),
      ];
    });
  }
}

type Caps = Readonly<Partial<Record<Kind, number>>>;

function beyond({ id }: SimulatedHost, sizes: Sizes, caps: Caps): readonly string[] {
  return KINDS.flatMap((kind) => {
    const cap = caps[kind];
    return cap === undefined || sizes[kind] <= cap ? [] : [`${id} keeps ${sizes[kind]} ${kind} of ${cap}`];
  });
}

/** What the agent has reason to remember as things are. */
function needed(
  { agent }: SimulatedHost,
  { members, records, calls, questions, suspicions }: Sizes,
  hosts: number,
): Caps {
  const known = suspicions > 0 ? (agent?.members() ?? []) : [];
  const others = Math.max(0, members - 1);
  return {
    suspicions: known.filter(({ state }) => state === "suspect").length,
    rota: others,
    probes: others,
    rumours: members,
    calls: CALLS_TO_EACH * members + CALLS_OF_ORDERS,
    queued: (SENDINGS + doublings(members)) * 2 * (QUEUE_SLACK + members),
    handlers: records,
    // Also of those who are not known here yet.
    lives: hosts,
    timers: OWN_TIMERS + calls + questions,
  };
}

/** When nothing is under way, and the agent has seen what has gone. */
function atRest(host: SimulatedHost, sizes: Sizes): readonly string[] {
  const domains = host.domains();
  const told = new Set(domains.flatMap(({ stamp }) => stamp?.ve ?? [])).size;
  const gone = { departures: domains.length, failedMoves: domains.length, readings: domains.length, told };
  const waiting = OPEN.filter((kind) => sizes[kind] > 0);
  return [
    ...waiting.map((kind) => `${host.id} still has ${sizes[kind]} ${kind} open`),
    ...beyond(host, sizes, gone),
  ];
}
