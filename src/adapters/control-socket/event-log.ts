/**
 * The last events, for whoever listens. The log is the one buffer: every listener has a place in it and is fed as
 * fast as it reads; one that the log's beginning overtakes is dropped, and its last line says so.
 */
import type { EventLine } from "../../api/views.ts";

/** What an agent says happened: a stable name and its fields. */
export interface AgentEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Where lines go. */
export interface LineSink {
  /** Bytes that wait to be read. */
  readonly writableLength: number;
  write(line: string): void;
  /** Writes the last line. */
  end(line: string): void;
}

interface Entry {
  readonly sequence: number;
  readonly time: number;
  readonly line: string;
}

interface Listener {
  readonly sink: LineSink;
  /** The next event it gets. */
  next: number;
}

/** Fewer would drop listeners in a burst that they could read in a moment. */
const LEAST_KEPT = 256;
/** What the kernel and Node may hold for one listener. */
const HIGH_WATER_BYTES = 64 * 1024;
/** A plan of a large partition may be longer; its event then says only what it is. */
const MAX_LINE = 32 * 1024;
const MAX_LISTENERS = 64;

export class EventLog {
  readonly #kept: number;
  readonly #wallClock: () => number;
  readonly #entries: Entry[] = [];
  readonly #listeners = new Set<Listener>();
  #last = 0;

  constructor(history: number, wallClock: () => number) {
    this.#kept = Math.max(LEAST_KEPT, history);
    this.#wallClock = wallClock;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  add(event: AgentEvent): void {
    const sequence = ++this.#last;
    const time = this.#wallClock();
    this.#entries.push({ sequence, time, line: lineOf(event, sequence, time) });
    if (this.#entries.length > this.#kept) this.#entries.shift();
    for (const listener of [...this.#listeners]) this.#feed(listener);
  }

  get full(): boolean {
    return this.#listeners.size >= MAX_LISTENERS;
  }

  /** @returns how to stop listening. */
  listen(sink: LineSink, since: Since): () => void {
    const listener: Listener = { sink, next: this.#start(since) };
    this.#tellMissed(listener);
    this.#listeners.add(listener);
    this.#feed(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Writes what is kept and ends. */
  replay(sink: LineSink, since: Since): void {
    const listener: Listener = { sink, next: this.#start(since) };
    this.#tellMissed(listener);
    const lines = this.#entries.filter(({ sequence }) => sequence >= listener.next).map(({ line }) => line);
    sink.end(lines.join(""));
  }

  /** The listener's sink takes more. */
  drained(sink: LineSink): void {
    for (const listener of this.#listeners) if (listener.sink === sink) this.#feed(listener);
  }

  heartbeat(): void {
    const line: EventLine = { kind: "Heartbeat", time: this.#now(), sequence: this.#last };
    for (const { sink, next } of this.#listeners) {
      if (next > this.#last && sink.writableLength < HIGH_WATER_BYTES)
        sink.write(`${JSON.stringify(line)}\n`);
    }
  }

  close(reason: string): void {
    for (const listener of [...this.#listeners]) this.#drop(listener, reason);
  }

  #feed(listener: Listener): void {
    const first = this.#entries[0]?.sequence ?? this.#last + 1;
    if (listener.next < first) return this.#drop(listener, "too slow: events were lost");
    while (listener.next <= this.#last && listener.sink.writableLength < HIGH_WATER_BYTES) {
      const entry = this.#entries[listener.next - first];
      if (entry !== undefined) listener.sink.write(entry.line);
      listener.next++;
    }
  }

  #drop(listener: Listener, reason: string): void {
    this.#listeners.delete(listener);
    const line: EventLine = { kind: "Dropped", time: this.#now(), reason, sequence: listener.next - 1 };
    listener.sink.end(`${JSON.stringify(line)}\n`);
  }

  #start(since: Since): number {
    if (since.kind === "now") return this.#last + 1;
    if (since.kind === "sequence") return Math.min(since.sequence, this.#last) + 1;
    return this.#entries.find(({ time }) => time >= since.time)?.sequence ?? this.#last + 1;
  }

  #tellMissed(listener: Listener): void {
    const first = this.#entries[0]?.sequence ?? this.#last + 1;
    const count = first - listener.next;
    if (count <= 0) return;
    listener.next = first;
    const line: EventLine = { kind: "Missed", time: this.#now(), count };
    listener.sink.write(`${JSON.stringify(line)}\n`);
  }

  #now(): string {
    return new Date(this.#wallClock()).toISOString();
  }
}

export type Since =
  | { readonly kind: "now" }
  | { readonly kind: "sequence"; readonly sequence: number }
  | { readonly kind: "time"; readonly time: number };

/** @returns null when the text is neither a sequence number nor a time. */
export function readSince(text: string | undefined): Since | null {
  if (text === undefined || text === "") return { kind: "now" };
  if (/^\d{1,15}$/.test(text)) return { kind: "sequence", sequence: Number(text) };
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : { kind: "time", time };
}

function lineOf(event: AgentEvent, sequence: number, time: number): string {
  const head = { kind: "Event", sequence, time: new Date(time).toISOString() } as const;
  const line = JSON.stringify({ ...head, ...event, ...head });
  if (line.length <= MAX_LINE) return `${line}\n`;
  return `${JSON.stringify({ ...head, event: event.event, shortened: true })}\n`;
}
