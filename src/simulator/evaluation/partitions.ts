/** What partitions did, as their leaders say it: sizes, outcomes, messages, migrations, and one of them in detail. */
import type { AgentInput } from "../../agent/inputs.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "../checkers/checker.ts";
import { line } from "../trace/line.ts";
import type { SimulatedHost } from "../world/host.ts";
import type { Truth } from "./truth.ts";

export interface PartitionRecord {
  readonly from: number;
  readonly to: number;
  readonly hosts: readonly string[];
  readonly outcome: string;
  readonly migrations: number;
  readonly messages: number;
}

export interface MigrationRecord {
  readonly from: number;
  readonly to: number;
  readonly across: boolean;
  readonly done: boolean;
}

export interface StoryLine {
  readonly at: number;
  readonly host: string;
  readonly what: string;
}

interface Open {
  readonly from: number;
  readonly story: StoryLine[];
}

/** Stories are kept for the first so many partitions; one of them is told. */
const STORIES = 400;

export class Partitions implements Checker {
  readonly name = "partitions";
  readonly records: PartitionRecord[] = [];
  readonly migrations: MigrationRecord[] = [];
  readonly events = new Map<string, number>();
  readonly outcomes = new Map<string, number>();
  /** Hosts that were told to drain, and when; how long it took those that are empty. */
  readonly draining = new Map<string, number>();
  readonly drained: number[] = [];
  readonly #truth: Truth;
  readonly #open = new Map<string, Open>();
  /** Event → its partition's story. */
  readonly #stories = new Map<string, StoryLine[]>();
  readonly #told: StoryLine[][] = [];
  readonly #moving = new Map<string, number>();

  constructor(truth: Truth) {
    this.#truth = truth;
  }

  /** A round of a scheduler that is not made of partitions. */
  add(record: PartitionRecord): void {
    this.records.push(record);
    count(this.outcomes, record.outcome);
  }

  /** The story of one partition: of those kept, the first that grew and moved more than one guest. */
  story(): readonly StoryLine[] {
    const rank = (story: readonly StoryLine[]): number =>
      Math.min(2, story.filter(({ what }) => what.startsWith("sends ")).length);
    return this.#told.toSorted((a, b) => rank(b) - rank(a))[0] ?? [];
  }

  stepped(host: SimulatedHost, input: AgentInput, _effects: readonly AgentEffect[], world: CheckedWorld) {
    if (input.kind === "solved" && this.#truth.phase(host.id) === "compute")
      this.#truth.enter(host.id, "build", world.now);
    return NOTHING_WRONG;
  }

  effect(host: SimulatedHost, effect: AgentEffect, world: CheckedWorld): readonly string[] {
    if (effect.kind === "solve") this.#truth.enter(host.id, "compute", world.now);
    return NOTHING_WRONG;
  }

  notified(host: SimulatedHost, notification: Notification, world: CheckedWorld): readonly string[] {
    this.#tell(host, notification, world);
    this.#follow(host, notification, world.now);
    switch (notification.kind) {
      case "event-raised":
        count(this.events, notification.event.cause.kind);
        break;
      case "partition-started":
        this.#started(notification, world.now);
        break;
      case "partition-ended":
        this.#ended(notification, world.now);
        break;
      case "drain":
        this.#drains(host.id, notification.state, world.now);
        break;
      case "action-started":
        this.#moving.set(notification.key, world.now);
        break;
      case "action-ended":
        if (notification.role === "source") this.#moved(notification, world);
    }
    return NOTHING_WRONG;
  }

  processChanged(host: SimulatedHost, _what: string, world: CheckedWorld): readonly string[] {
    this.#truth.enter(host.id, "detect", world.now);
    return NOTHING_WRONG;
  }

  /** The leader's host is the overloaded one. */
  #follow({ id }: SimulatedHost, notification: Notification, now: number): void {
    switch (notification.kind) {
      case "event-raised":
        if (notification.event.cause.kind === "overload") this.#truth.enter(id, "wait", now);
        break;
      case "event-cleared":
        if (notification.event.includes("/overload/")) this.#truth.enter(id, "detect", now);
        break;
      case "event-ended":
        if (isOver(notification)) this.#truth.enter(id, "detect", now);
        break;
      case "partition-started":
        this.#truth.enter(id, "build", now);
        break;
      case "partition-planned":
        if (notification.applied) this.#truth.enter(id, "apply", now);
        break;
      case "partition-ended":
        this.#truth.enter(id, "wait", now);
    }
  }

  #started({ pid, event }: Extract<Notification, { kind: "partition-started" }>, now: number): void {
    const story = this.#stories.get(event) ?? [];
    if (this.#told.length + this.#open.size < STORIES) this.#stories.set(event, story);
    this.#open.set(pid, { from: now, story });
  }

  #ended(ended: Extract<Notification, { kind: "partition-ended" }>, now: number): void {
    const { pid, outcome, hosts, messages } = ended;
    const open = this.#open.get(pid);
    this.#open.delete(pid);
    if (open === undefined) return;
    count(this.outcomes, outcome.kind);
    const migrations = "migrations" in outcome ? outcome.migrations : 0;
    this.records.push({ from: open.from, to: now, hosts, outcome: outcome.kind, migrations, messages });
    if (open.story.length > 0 && this.#told.length < STORIES) this.#told.push(open.story);
    for (const [event, story] of this.#stories) if (story === open.story) this.#stories.delete(event);
  }

  #drains(host: string, state: string, now: number): void {
    if (state === "draining" && !this.draining.has(host)) this.draining.set(host, now);
    if (state === "drained") this.drained.push(now - (this.draining.get(host) ?? now));
  }

  #moved(ended: Extract<Notification, { kind: "action-ended" }>, world: CheckedWorld): void {
    const from = this.#moving.get(ended.key);
    this.#moving.delete(ended.key);
    if (from === undefined || ended.from === null) return;
    const site = (host: string): string => world.host(host)?.spec.labels["site"] ?? "";
    const across = site(ended.from) !== site(ended.to);
    this.migrations.push({ from, to: world.now, across, done: ended.outcome.kind === "done" });
  }

  #tell(host: SimulatedHost, notification: Notification, world: CheckedWorld): void {
    if (this.#told.length >= STORIES) return;
    const story = this.#storyOf(notification, host, world.now);
    const what = story === undefined ? null : line(notification, (node) => node);
    if (what !== null) story?.push({ at: world.now, host: host.id, what });
  }

  #storyOf(notification: Notification, host: SimulatedHost, now: number): StoryLine[] | undefined {
    if (notification.kind === "event-raised" && this.#told.length + this.#stories.size < STORIES) {
      const story: StoryLine[] = [];
      this.#stories.set(notification.event.id, story);
      const since = this.#truth.overSince(host.id);
      if (since !== null && since <= now)
        story.push({ at: since, host: host.id, what: "wants more than it has" });
      return story;
    }
    if ("pid" in notification) return this.#open.get(notification.pid)?.story;
    return "event" in notification && typeof notification.event === "string"
      ? this.#stories.get(notification.event)
      : undefined;
  }
}

function isOver({ outcome, retryInMs }: Extract<Notification, { kind: "event-ended" }>): boolean {
  return retryInMs === null && (outcome.kind === "solved" || outcome.kind === "cancelled");
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
