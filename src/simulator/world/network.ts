/**
 * The network between simulated hosts: a stream per (from, to, lane) keeps its order, as TCP does; a message is lost
 * or overtaken only where a connection would break: when the link is cut, its end is down, or by what a fault draws.
 * Messages are encoded when they are sent and decoded when they arrive: nothing is shared between hosts.
 */
import type { Random } from "../../lib/random.ts";
import type { EventQueue } from "../kernel/event-queue.ts";

export interface LinkSettings {
  /** One way, milliseconds; fractions are kept until the message arrives. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly loss: number;
  readonly duplication: number;
}

/** What is laid over every link for a while. */
export interface Weather {
  readonly loss: number;
  readonly duplication: number;
  /** A message takes up to so much longer. */
  readonly delayMs: number;
  /** How many agents' messages are overtaken by later ones, as when a connection is made anew. */
  readonly reordering?: number;
}

export const CALM: Weather = { loss: 0, duplication: 0, delayMs: 0 };
/** An overtaken message is up to so much later than those after it. */
const OVERTAKEN_MS = 4000;

/** A message as it is on the wire: agents' in the wire format, hypervisors' as text. */
export type Payload = Uint8Array | string;

export interface Endpoint {
  readonly up: () => boolean;
  readonly deliver: (from: string, lane: string, payload: Payload) => void;
}

export interface Traffic {
  messages: number;
  bytes: number;
}

/** What happens to the next message of a type on a link: lost, or late by so much. */
interface Trap {
  readonly from: string;
  readonly to: string;
  readonly type: string;
  readonly delayMs: number | null;
  /** Late alone: what is sent after it overtakes it. */
  readonly alone: boolean;
}

export class Network {
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #endpoints = new Map<string, Endpoint>();
  /** Directed cuts, `from>to`; a cut can be one-way. */
  readonly #cuts = new Set<string>();
  /** When the last message of a stream arrives. */
  readonly #arrivals = new Map<string, number>();
  readonly #linkOf: (from: string, to: string) => LinkSettings;
  #traps: readonly Trap[] = [];
  /** Directed links on which nothing moves, and until when. */
  readonly #clogs = new Map<string, number>();
  weather: Weather = CALM;
  sent = 0;
  bytes = 0;
  /** What was sent, by lane. */
  readonly traffic = new Map<string, Traffic>();

  constructor(queue: EventQueue, random: Random, linkOf: (from: string, to: string) => LinkSettings) {
    this.#queue = queue;
    this.#random = random;
    this.#linkOf = linkOf;
  }

  attach(name: string, endpoint: Endpoint): void {
    this.#endpoints.set(name, endpoint);
  }

  /** Cuts what `from` sends to `to`. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  /** Cuts a host off from everybody. */
  isolate(host: string): void {
    for (const other of this.#endpoints.keys()) {
      if (other === host) continue;
      this.cut(host, other);
      this.cut(other, host);
    }
  }

  /** Undoes `cut`. */
  join(from: string, to: string): void {
    this.#cuts.delete(`${from}>${to}`);
  }

  /** Undoes `isolate`, and every other cut of that host. */
  rejoin(host: string): void {
    for (const other of this.#endpoints.keys()) {
      this.join(host, other);
      this.join(other, host);
    }
  }

  /** Every link works again, and forgets what it was to do to messages. */
  heal(): void {
    this.#cuts.clear();
    this.#clogs.clear();
    this.#traps = [];
    this.weather = CALM;
  }

  connected(from: string, to: string): boolean {
    return this.#cuts.size === 0 || !this.#cuts.has(`${from}>${to}`);
  }

  /** The next message of that type from one host to the other is lost (null) or late. */
  trap(from: string, to: string, type: string, delayMs: number | null, alone = false): void {
    this.#traps = [...this.#traps, { from, to, type, delayMs, alone }];
  }

  /** What `from` sends to `to` waits, in its order, until the link is clear again. */
  clog(from: string, to: string, forMs: number): void {
    this.#clogs.set(`${from}>${to}`, this.#queue.now + forMs);
  }

  send(from: string, to: string, lane: string, type: string, payload: Payload): void {
    this.sent++;
    this.bytes += payload.length;
    this.#count(lane, payload.length);
    const link = this.#linkOf(from, to);
    const { loss, duplication } = this.weather;
    const trap = this.#sprung(from, to, type);
    if (!this.connected(from, to) || trap?.delayMs === null) return;
    if (this.#random.chance(link.loss + loss)) return;
    const late = trap?.delayMs ?? 0;
    const once = (): void => {
      if (trap?.alone === true)
        this.#deliverAt(this.#queue.now + link.latencyMs + late, from, to, lane, payload);
      else this.#schedule(from, to, lane, payload, link, late);
    };
    once();
    if (this.#random.chance(link.duplication + duplication)) once();
  }

  #count(lane: string, bytes: number): void {
    const traffic = this.traffic.get(lane) ?? { messages: 0, bytes: 0 };
    traffic.messages++;
    traffic.bytes += bytes;
    this.traffic.set(lane, traffic);
  }

  #sprung(from: string, to: string, type: string): Trap | undefined {
    if (this.#traps.length === 0) return undefined;
    const trap = this.#traps.find((one) => one.from === from && one.to === to && one.type === type);
    if (trap !== undefined) this.#traps = this.#traps.filter((other) => other !== trap);
    return trap;
  }

  #schedule(
    from: string,
    to: string,
    lane: string,
    payload: Payload,
    link: LinkSettings,
    late: number,
  ): void {
    const stream = `${from}>${to}/${lane}`;
    const range = link.jitterMs + this.weather.delayMs;
    const delay = link.latencyMs + range * this.#random.fraction() + late;
    const clear = this.#clogs.size === 0 ? 0 : (this.#clogs.get(`${from}>${to}`) ?? 0);
    const { reordering = 0 } = this.weather;
    if (reordering > 0 && lane !== "hypervisor" && this.#random.chance(reordering)) {
      const overtaken = delay + OVERTAKEN_MS * this.#random.fraction();
      return this.#deliverAt(this.#queue.now + overtaken, from, to, lane, payload);
    }
    const at = Math.max(this.#arrivals.get(stream) ?? 0, this.#queue.now + delay, clear);
    this.#arrivals.set(stream, at);
    this.#deliverAt(at, from, to, lane, payload, stream);
  }

  /** @param stream whose last message this may be. */
  #deliverAt(
    at: number,
    from: string,
    to: string,
    lane: string,
    payload: Payload,
    stream: string | null = null,
  ): void {
    this.#queue.at(at, () => {
      if (stream !== null && this.#arrivals.get(stream) === at) this.#arrivals.delete(stream);
      const endpoint = this.#endpoints.get(to);
      if (endpoint?.up() === true && this.connected(from, to)) endpoint.deliver(from, lane, payload);
    });
  }
}
