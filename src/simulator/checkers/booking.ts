import type { AgentInput } from "../../agent/inputs.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { PartitionRequest } from "../../lrt/messages.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";
import type { Ledger } from "./ledger.ts";

interface Held {
  readonly pid: string;
  readonly token: number;
}

interface BookingRow {
  readonly pid: string;
  readonly partitionEpoch: number;
  readonly leader: string;
  readonly token: number;
  readonly phase: string;
}

/**
 * Invariants 1, 6 and 8: a node is in at most one partition at a time; its tokens, and the epochs it has on disk for
 * a partition, only grow, with one leader per epoch; a booking is durable before it is told, and neither ends nor
 * begins while an action is open; in the end nobody is booked.
 */
export class BookingChecker implements Checker {
  readonly name = "booking";
  readonly #ledger: Ledger;
  readonly #leaseMs: number;
  /** Requests to join that have come. */
  readonly #seen = new Set<string>();
  readonly #held = new Map<string, Held>();
  readonly #told = new Map<string, number>();
  /** Host and partition → the last epoch on disk; host, partition and epoch → its leader. */
  readonly #epochs = new Map<string, number>();
  readonly #leaders = new Map<string, string>();

  constructor(ledger: Ledger, leaseMs: number) {
    this.#ledger = ledger;
    this.#leaseMs = leaseMs;
  }

  /** What a host is booked for, as it said itself. */
  held(host: string): Held | undefined {
    return this.#held.get(host);
  }

  notified(host: SimulatedHost, notification: Notification): readonly string[] {
    if (notification.kind === "booking-ended") {
      this.#held.delete(host.id);
      return unsettled(host, `is free of ${notification.pid}`);
    }
    if (notification.kind !== "booked") return NOTHING_WRONG;
    const { pid, token } = notification;
    const wrong = [...unsettled(host, `is booked for ${pid}`)];
    const before = this.#held.get(host.id);
    if (before !== undefined) wrong.push(`${host.id} is booked for ${pid} while it is for ${before.pid}`);
    const told = this.#told.get(host.id) ?? 0;
    if (token <= told) wrong.push(`${host.id} books under token ${token} after it has told ${told}`);
    this.#held.set(host.id, { pid, token });
    return wrong;
  }

  /** A lease is never longer than what its leader was told; who joins tells of no VM that may be on its way. */
  stepped(host: SimulatedHost, input: AgentInput, effects: readonly AgentEffect[]): readonly string[] {
    const joined = this.#joined(host, input, effects);
    if (joined !== null) return unsettled(host, `joins ${joined}`);
    const booking = host.agent?.lrt.desk.booking ?? null;
    if (booking !== null && booking.settling !== null && host.agent?.lrt.participant.openActions() === 0)
      return [`${host.id} is kept for ${booking.pid} although nothing of it is open`];
    const left = booking === null ? 0 : booking.leaseUntil - host.now();
    return left <= this.#leaseMs ? NOTHING_WRONG : [`${host.id} is booked for another ${left} ms`];
  }

  /** The partition that a host joins with this step, or tells how it is now; a duplicate gets its old answer. */
  #joined(host: SimulatedHost, input: AgentInput, effects: readonly AgentEffect[]): string | null {
    if (input.kind !== "message" || input.message.type !== "partition.reserve") return null;
    const { pid, id } = input.message;
    const request = `${input.from}>${host.id}/${id}`;
    const first = !this.#seen.has(request);
    this.#seen.add(request);
    return first && joins(effects, id) ? pid : null;
  }

  effect(host: SimulatedHost, effect: AgentEffect): readonly string[] {
    if (effect.kind === "persist") {
      const row = effect.writes.find(({ key }) => key === "lrt/booking")?.value as
        | BookingRow
        | null
        | undefined;
      return row === null || row === undefined ? NOTHING_WRONG : this.#written(host.id, row);
    }
    if (effect.kind !== "send" || effect.message.type !== "partition.reply") return NOTHING_WRONG;
    const { body, re } = effect.message;
    const request = this.#ledger.request(effect.to, host.id, re);
    if (body.kind === "renewed") return unwritten(host, request, false);
    if (body.kind === "checked") return unwritten(host, request, body.ok);
    if (body.kind !== "joined") return NOTHING_WRONG;
    this.#told.set(host.id, Math.max(this.#told.get(host.id) ?? 0, body.token));
    const pid = request?.pid ?? "nobody";
    const durable = Number(host.disk.read("lrt/token") ?? "0");
    return durable >= body.token
      ? NOTHING_WRONG
      : [`${host.id} tells ${pid} a token that is not on its disk`];
  }

  processChanged(host: SimulatedHost, what: "started" | "died"): readonly string[] {
    if (what === "died") return NOTHING_WRONG;
    const row = rowOf(host);
    this.#forget(host.id, row?.pid ?? null);
    if (row !== null) {
      this.#held.set(host.id, row);
      this.#unwrite(host.id, row);
    }
    return NOTHING_WRONG;
  }

  /** What was still being written when the process died never reached the disk, and nobody has heard of it. */
  #unwrite(host: string, { pid, partitionEpoch }: BookingRow): void {
    const known = `${host} ${pid}`;
    const last = this.#epochs.get(known) ?? 0;
    for (let epoch = partitionEpoch + 1; epoch <= last; epoch++) this.#leaders.delete(`${known} ${epoch}`);
    this.#epochs.set(known, partitionEpoch);
  }

  unsettled(world: CheckedWorld): readonly string[] {
    return world.hosts.flatMap((host) => {
      const row = rowOf(host);
      const held = this.#held.get(host.id);
      if (host.agent === null) return [`${host.id} has no agent`];
      if (row !== null) return [`${host.id} is still booked for ${row.pid} on its disk`];
      return held === undefined ? [] : [`${host.id} is still booked for ${held.pid}`];
    });
  }

  /** A new process knows nothing of partitions other than its booking's; its tokens tell old orders from new. */
  #forget(host: string, but: string | null): void {
    this.#held.delete(host);
    for (const known of [this.#epochs, this.#leaders])
      for (const key of known.keys()) {
        const [at, pid] = key.split(" ");
        if (at === host && pid !== but) known.delete(key);
      }
  }

  #written(host: string, { pid, partitionEpoch, leader }: BookingRow): readonly string[] {
    const wrong: string[] = [];
    const last = this.#epochs.get(`${host} ${pid}`) ?? 0;
    if (partitionEpoch < last)
      wrong.push(`${host} goes back to epoch ${partitionEpoch} of ${pid} from ${last}`);
    this.#epochs.set(`${host} ${pid}`, Math.max(last, partitionEpoch));
    const vote = `${host} ${pid} ${partitionEpoch}`;
    const before = this.#leaders.get(vote) ?? leader;
    if (before !== leader)
      wrong.push(`${host} follows ${before} and ${leader} under epoch ${partitionEpoch}`);
    this.#leaders.set(vote, leader);
    return wrong;
  }
}

function joins(effects: readonly AgentEffect[], re: number): boolean {
  return effects.some(
    (effect) =>
      effect.kind === "send" &&
      effect.message.type === "partition.reply" &&
      effect.message.re === re &&
      effect.message.body.kind === "joined",
  );
}

/** A host whose action still runs is neither free nor taken anew. */
function unsettled(host: SimulatedHost, what: string): readonly string[] {
  const open = host.agent?.lrt.participant.openActions() ?? 0;
  return open === 0 ? NOTHING_WRONG : [`${host.id} ${what} while ${open} of its actions are open`];
}

/** What a member has acknowledged to its leader, an epoch or its consent, is on its disk, unless it is over by now. */
function unwritten(
  host: SimulatedHost,
  request: PartitionRequest | undefined,
  agrees: boolean,
): readonly string[] {
  const row = rowOf(host);
  if (row === null || request === undefined || row.pid !== request.pid) return NOTHING_WRONG;
  const { pid, partitionEpoch } = request;
  if (row.partitionEpoch < partitionEpoch)
    return [
      `${host.id} tells ${pid} that it knows epoch ${partitionEpoch}, and has ${row.partitionEpoch} on its disk`,
    ];
  return agrees && row.partitionEpoch === partitionEpoch && row.phase !== "applying"
    ? [`${host.id} tells ${pid} that it agrees, which is not on its disk`]
    : NOTHING_WRONG;
}

function rowOf(host: SimulatedHost): BookingRow | null {
  const text = host.disk.read("lrt/booking");
  return text === undefined ? null : (JSON.parse(text) as BookingRow);
}
