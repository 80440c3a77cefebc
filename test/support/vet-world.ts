/**
 * A small discrete-event world for virtual environments trackers: virtual time, seeded latency and loss, questions
 * at least once, durable writes that take a while, agents that crash and hosts that crash with their guests, a
 * scheduler that books hosts, assigns and starts (or does not), and migrations. It checks after every step that
 * no VM runs on two hosts, that no VM is assigned while it could run elsewhere, and that no two members act on a
 * record of one name. Nothing here knows what a tracker should conclude.
 */
import { Registry } from "../../src/dnt/registry/registry.ts";
import type { HypervisorCommand } from "../../src/hypervisor/command.ts";
import type { Domain } from "../../src/hypervisor/domain.ts";
import { AssertionError } from "../../src/lib/assert.ts";
import { type Failure, fail, type Result } from "../../src/lib/error.ts";
import { Heap } from "../../src/lib/heap.ts";
import type { Instant, Millis } from "../../src/lib/instant.ts";
import { Random } from "../../src/lib/random.ts";
import type { Member } from "../../src/model/member.ts";
import type { NodeId } from "../../src/model/node.ts";
import type { Operation } from "../../src/model/operation.ts";
import type { VmId } from "../../src/model/virtual-machine.ts";
import type { PersistId, Write } from "../../src/ports/effects.ts";
import type { VeCommand, VetCommand } from "../../src/vet/commands.ts";
import type { VeManifest } from "../../src/vet/lifecycle/manifest.ts";
import type { VeRecord } from "../../src/vet/lifecycle/record.ts";
import type { VetNotification, VetTurn } from "../../src/vet/notifications.ts";
import { VirtualEnvironmentsTracker } from "../../src/vet/vet.ts";
import type { VeAnswer, VeView } from "../../src/vet/views.ts";
import { copy, domainOf } from "./domains.ts";
import { type Arrival, FakeScheduler } from "./fake-scheduler.ts";
import { Operations } from "./operations.ts";

type AnyCommand = VeCommand | VetCommand;
type Done = (result: Result<unknown>, turn: VetTurn) => void;

interface Question {
  readonly to: NodeId;
  readonly command: AnyCommand;
  readonly done: Done;
  tries: number;
}

export interface WorldNode {
  readonly id: NodeId;
  up: boolean;
  life: number;
  state: "alive" | "dead";
  draining: boolean;
  joinedAt: string;
  /** Its hypervisor can be asked. */
  listed: boolean;
  tracker: VirtualEnvironmentsTracker;
  registry: Registry<VeRecord>;
  operations: Operations;
  readonly durable: Map<string, unknown>;
  /** The hypervisor: outlives the agent. */
  readonly domains: Map<VmId, Domain>;
  /** Incoming migrations, durable as the local resources tracker's intents are. */
  readonly incoming: Set<VmId>;
  /** The token of the booking it is in. */
  booking: number | null;
  writes: Map<PersistId, Instant>;
  timers: Map<string, number>;
  questions: Map<number, Question>;
  answers: Map<string, Result<unknown> | null>;
  arrivals: Map<string, Arrival>;
}

const DISK_MS = 3;
const RETRY_MS = 2000;
const TRIES = 3;
const DETECT_MS = 3000;

export class VetWorld {
  now: Instant = 0;
  /** Part of the messages lost, 0 to 1. */
  loss = 0;
  /** Whether there is room on the disks. */
  roomy = true;
  /** Members that agents knew before they were restarted, and have not met yet. */
  unheard: readonly NodeId[] = [];
  /** Seeds that agents, new as they are, have not met yet. */
  strangers: readonly string[] = [];
  /** Members that know of somebody whom the others do not. */
  readonly outsiders = new Set<NodeId>();
  /** Whether the scheduler finds room. */
  room = true;
  /** Whether it says, when it finds none, that there never will be any. */
  final = true;
  /** Where it places VMs, if that matters. */
  prefer: NodeId | null = null;
  /** Part of the orders to start that never arrive. */
  lostOrders = 0;
  readonly notifications: { readonly node: NodeId; readonly what: VetNotification }[] = [];
  /** Every start of a guest. */
  readonly starts: { readonly vm: VmId; readonly host: NodeId }[] = [];
  readonly nodes = new Map<NodeId, WorldNode>();
  readonly #events = new Heap<{ readonly at: Instant; readonly run: () => void }>((a, b) => a.at - b.at);
  readonly #random: Random;
  readonly #seed: string;
  readonly #scheduler: FakeScheduler;
  #counter = 0;
  #cut: (from: NodeId, to: NodeId) => boolean = () => false;

  constructor(seed: string, hosts: readonly NodeId[]) {
    this.#seed = seed;
    this.#random = new Random(`${seed}/world`);
    this.#scheduler = new FakeScheduler(this, new Random(`${seed}/scheduler`));
    hosts.forEach((id, n) => {
      this.join(id, `2026-01-01T00:00:${String(n).padStart(2, "0")}Z`);
    });
    this.run(1000);
  }

  // ── what users do ──────────────────────────────────────────────────────────────────────────────────────

  /** Asks an agent and runs until it has answered. */
  ask(at: NodeId, command: VeCommand): Result<unknown> {
    const answer = this.send(at, command);
    this.until(() => answer.result !== null, 60_000);
    return answer.result as Result<unknown>;
  }

  answer(at: NodeId, command: VeCommand): VeAnswer {
    const result = this.ask(at, command);
    if (!result.ok) throw new AssertionError(`refused: ${JSON.stringify(result.failure)}`);
    return result.value as VeAnswer;
  }

  refusal(at: NodeId, command: VeCommand): Failure {
    const result = this.ask(at, command);
    if (result.ok) throw new AssertionError(`not refused: ${JSON.stringify(result.value)}`);
    return result.failure;
  }

  show(at: NodeId, name: string): VeView {
    return this.answer(at, { type: "ve.show", name }) as unknown as VeView;
  }

  /** Asks without waiting; never answered if the agent crashes. */
  send(at: NodeId, command: VeCommand): { result: Result<unknown> | null } {
    const node = this.node(at);
    const answer: { result: Result<unknown> | null } = { result: null };
    this.step(node, (turn) =>
      node.tracker.execute(
        command,
        null,
        (result, _later, after) => {
          this.when(node, after, () => {
            answer.result = copy(result);
          });
        },
        turn,
      ),
    );
    return answer;
  }

  /** Runs something on an agent as a step of its own. */
  act(at: NodeId, action: (turn: VetTurn) => void): void {
    this.step(this.node(at), action);
  }

  operation(name: string | null): Operation {
    for (const { operations } of this.nodes.values()) {
      const found = operations.get(name ?? "");
      if (found !== undefined) return found;
    }
    throw new AssertionError(`no operation ${name}`);
  }

  /** Runs until the operation has ended. */
  ended(name: string | null): Operation {
    this.until(() => this.operation(name).state !== "running", 1_000_000);
    return this.operation(name);
  }

  /** Applies a manifest and waits for its VMs. */
  running(at: NodeId, manifest: VeManifest): VeView {
    const { operation } = this.answer(at, { type: "ve.apply", manifest });
    const end = this.ended(operation);
    if (end.state !== "succeeded") throw new AssertionError(JSON.stringify(end));
    return this.show(at, manifest.name);
  }

  // ── faults and hosts ───────────────────────────────────────────────────────────────────────────────────

  join(id: NodeId, joinedAt: string): void {
    const shell = {
      id,
      up: false,
      life: 0,
      state: "alive" as const,
      draining: false,
      joinedAt,
      durable: new Map<string, unknown>(),
      domains: new Map<VmId, Domain>(),
      incoming: new Set<VmId>(),
      booking: null,
    };
    this.nodes.set(id, shell as unknown as WorldNode);
    this.restart(id);
  }

  /** The agent dies; guests run on, migrations go on. */
  crashAgent(id: NodeId): void {
    const node = this.node(id);
    node.up = false;
    this.later(DETECT_MS, () => {
      if (node.up) return;
      node.state = "dead";
      this.#membersChanged();
    });
  }

  crashHost(id: NodeId): void {
    const node = this.node(id);
    this.crashAgent(id);
    for (const [vm, domain] of node.domains) if (!domain.persistent) node.domains.delete(vm);
    node.incoming.clear();
    node.booking = null;
  }

  restart(id: NodeId): void {
    const node = this.node(id);
    node.life++;
    Object.assign(node, {
      up: true,
      state: "alive",
      listed: false,
      booking: null,
      writes: new Map(),
      timers: new Map(),
      questions: new Map(),
      answers: new Map(),
      arrivals: new Map(),
      operations: new Operations(`${id}-${node.life}`),
    });
    const restored = new Map([...node.durable].map(([key, value]) => [key, copy(value)]));
    node.registry = this.#registry(node, restored);
    node.tracker = this.#tracker(node, restored);
    this.step(node, (turn) => node.tracker.start(turn));
    this.in(node, 200, () => {
      node.listed = true;
      this.step(node, (turn) => node.tracker.onInventoryChanged(turn));
    });
    this.#membersChanged();
  }

  drain(id: NodeId, draining = true): void {
    this.node(id).draining = draining;
    this.#membersChanged();
  }

  cut(directed: (from: NodeId, to: NodeId) => boolean): void {
    this.#cut = directed;
  }

  /** A guest ends by itself. */
  guestEnds(vm: VmId): void {
    const host = this.hostOf(vm);
    if (host !== null) this.#vanish(this.node(host), vm);
  }

  /** An unmanaged, persistent domain. */
  foreign(host: NodeId, name: string): Domain {
    const vm = `00000000-0000-4000-8000-${String(this.next()).padStart(12, "0")}`;
    const domain: Domain = { ...domainOf(vm, name, 2, 2048), persistent: true, stamp: null };
    const node = this.node(host);
    node.domains.set(vm, domain);
    this.inventory(node);
    return domain;
  }

  /** Moves a guest live; its hosts are booked meanwhile. @returns whether that has begun. */
  migrate(vm: VmId, to: NodeId, fails = false): boolean {
    return this.#scheduler.migrate(vm, to, fails);
  }

  // ── time ───────────────────────────────────────────────────────────────────────────────────────────────

  run(span: Millis): void {
    const end = this.now + span;
    for (
      let event = this.#events.peek();
      event !== undefined && event.at <= end;
      event = this.#events.peek()
    ) {
      this.#events.pop();
      this.now = event.at;
      event.run();
    }
    this.now = end;
  }

  until(condition: () => boolean, within: Millis): void {
    const start = this.now;
    while (!condition()) {
      if (this.now - start >= within) throw new AssertionError(`not so within ${within} ms of virtual time`);
      this.run(50);
    }
  }

  // ── what can be seen ───────────────────────────────────────────────────────────────────────────────────

  node(id: NodeId): WorldNode {
    const node = this.nodes.get(id);
    if (node === undefined) throw new AssertionError(`no node ${id}`);
    return node;
  }

  get ids(): NodeId[] {
    return [...this.nodes.keys()];
  }

  hostOf(vm: VmId): NodeId | null {
    const all = [...this.nodes.values()].filter(({ domains }) => domains.get(vm)?.state === "running");
    if (all.length > 1) throw new AssertionError(`${vm} runs on ${all.map(({ id }) => id).join(" and ")}`);
    return all[0]?.id ?? null;
  }

  /** Every record of that name, on agents that run and on the disks of those that do not. */
  records(name: string): { readonly at: NodeId; readonly record: VeRecord; readonly acting: boolean }[] {
    return this.ids.flatMap((at) => {
      const node = this.node(at);
      const stored = node.durable.get(`registry/record/${name}`) as
        | { readonly record: VeRecord; readonly moving: unknown }
        | undefined;
      const live = node.up ? node.registry.get(name) : undefined;
      if (live !== undefined) return [{ at, record: live, acting: true }];
      const here = node.up ? node.registry.movingTo(name) !== null : stored !== undefined;
      if (!here || stored === undefined) return [];
      return [{ at, record: stored.record, acting: !node.up && stored.moving === null }];
    });
  }

  home(name: string): NodeId {
    return this.node(this.ids[0] ?? "").registry.homeOf(name) as NodeId;
  }

  /** VE names, until one has its home (and maybe another host) where it is wanted. */
  nameAt(home: NodeId, prefix = "ve"): string {
    for (let n = 0; ; n++) if (this.home(`${prefix}${n}`) === home) return `${prefix}${n}`;
  }

  check(): void {
    const vms = new Set([...this.nodes.values()].flatMap(({ domains }) => [...domains.keys()]));
    for (const vm of vms) this.hostOf(vm);
    const names = new Set(this.ids.flatMap((id) => [...this.node(id).durable.keys()]));
    for (const key of names) {
      if (!key.startsWith("registry/record/")) continue;
      const acting = this.records(key.slice("registry/record/".length)).filter((each) => each.acting);
      if (acting.length > 1)
        throw new AssertionError(`${key} is held by ${acting.map(({ at }) => at).join(" and ")}`);
    }
  }

  members(): Member[] {
    return [...this.nodes.values()].map(({ id, state, draining, joinedAt }) => ({
      id,
      name: `host-${id}`,
      addresses: [],
      labels: {},
      capacity: { cpu: 8000, memory: 16_384 },
      incarnation: 1,
      state,
      draining,
      joinedAt,
      protocol: { min: 1, max: 1 },
      version: "0.1.0",
    }));
  }

  circleOf(id: NodeId): string {
    return this.outsiders.has(id) ? "others" : "all";
  }

  // ── an agent's surroundings ────────────────────────────────────────────────────────────────────────────

  #registry(node: WorldNode, restored: ReadonlyMap<string, unknown>): Registry<VeRecord> {
    return new Registry<VeRecord>(
      {
        self: node.id,
        boot: node.life,
        members: () => this.members(),
        unheard: () => this.unheard,
        strangers: () => this.strangers,
        hasLeft: () => false,
        shared: false,
        circle: () => ({ print: this.circleOf(node.id), durable: undefined }),
        ask: (to, command, turn, done, after) =>
          this.#ask(node, to, command as VetCommand, done as Done, after, turn as VetTurn),
      },
      restored,
    );
  }

  #tracker(node: WorldNode, restored: ReadonlyMap<string, unknown>): VirtualEnvironmentsTracker {
    const { id: self, life: boot, registry, operations } = node;
    return new VirtualEnvironmentsTracker(
      {
        self,
        boot,
        random: new Random(`${this.#seed}/${self}`),
        registry,
        members: () => this.members(),
        draining: () => this.nodes.get(self)?.draining === true,
        unheard: () => this.unheard,
        strangers: () => this.strangers,
        hasLeft: () => false,
        circle: () => ({ print: this.circleOf(node.id), durable: undefined }),
        alive: (id) => id === self || this.nodes.get(id)?.state === "alive",
        nameOf: (id) => `host-${id}`,
        ask: (to, command, turn, done, after) => this.#ask(node, to, command, done, after, turn),
        raiseArrival: (_ve, vms) => this.#scheduler.raise(node, vms),
        cancelEvent: (event) => void node.arrivals.delete(event),
        localDomains: () => (node.listed ? [...node.domains.values()] : null),
        expects: (vm) => node.booking !== null || node.incoming.has(vm),
        room: () => this.roomy,
        operations,
      },
      restored,
    );
  }

  step(node: WorldNode, input: (turn: VetTurn) => void): void {
    input(this.#turn(node));
    this.check();
  }

  #turn(node: WorldNode): VetTurn {
    const refuse = (): never => {
      throw new AssertionError("the tracker has no business with that");
    };
    return {
      now: this.now,
      persist: (writes) => this.#persist(node, writes),
      setTimer: (timer, after) => this.#setTimer(node, timer, after),
      clearTimer: (timer) => void node.timers.delete(timer),
      hypervisor: (command, after) => this.#hypervisor(node, command, after),
      notify: (what) => this.#notified(node, what),
      send: refuse,
      dial: refuse,
      setAddresses: refuse,
      solve: refuse,
      cancelSolve: refuse,
      reply: refuse,
    };
  }

  #notified(node: WorldNode, what: VetNotification): void {
    this.notifications.push({ node: node.id, what });
    if (what.kind !== "ve-vm" || what.from === "waiting" || what.from === "stopped") return;
    const adopted = [...this.nodes.values()].some(({ domains }) => domains.get(what.vm)?.persistent === true);
    if (!adopted && ["stopped", "waiting", "gone"].includes(what.to))
      this.#scheduler.safeToAssign(what.vm, null);
  }

  #persist(node: WorldNode, writes: readonly Write[]): PersistId {
    const id = this.next();
    node.writes.set(id, this.now + DISK_MS);
    const taken = copy(writes);
    this.in(node, DISK_MS, () => {
      for (const { key, value } of taken) {
        if (value === null) node.durable.delete(key);
        else node.durable.set(key, value);
      }
    });
    return id;
  }

  #setTimer(node: WorldNode, timer: string, after: Millis): void {
    const token = this.next();
    node.timers.set(timer, token);
    this.in(node, after, () => {
      if (node.timers.get(timer) !== token) return;
      node.timers.delete(timer);
      this.step(node, (turn) => void node.tracker.onTimer(timer, turn));
    });
  }

  #ask(
    node: WorldNode,
    to: NodeId,
    command: AnyCommand,
    done: Done,
    after: PersistId | undefined,
    _turn: VetTurn,
  ): void {
    const id = this.next();
    node.questions.set(id, { to, command: copy(command), done, tries: TRIES });
    this.when(node, after, () => this.#try(node, id));
  }

  #try(node: WorldNode, id: number): void {
    const question = node.questions.get(id);
    if (question === undefined) return;
    if (question.tries-- <= 0) {
      node.questions.delete(id);
      const failure = fail({ code: "unreachable", message: `${question.to} does not answer` });
      return this.step(node, (turn) => question.done(failure, turn));
    }
    this.transmit(node.id, question.to, (peer) => this.#asked(node, peer, id, question.command));
    this.in(node, RETRY_MS, () => this.#try(node, id));
  }

  #asked(asker: WorldNode, node: WorldNode, id: number, command: AnyCommand): void {
    const key = `${asker.id}/${asker.life}/${id}`;
    const life = asker.life;
    const reply = (result: Result<unknown>): void =>
      this.transmit(node.id, asker.id, (back) => {
        const question = back.life === life ? back.questions.get(id) : undefined;
        back.questions.delete(id);
        if (question !== undefined) this.step(back, (turn) => question.done(copy(result), turn));
      });
    const known = node.answers.get(key);
    if (known === null) return;
    if (known !== undefined) return reply(known);
    node.answers.set(key, null);
    this.step(node, (turn) =>
      node.tracker.execute(
        copy(command),
        asker.id,
        (result, _later, after) => {
          this.when(node, after, () => {
            node.answers.set(key, result);
            reply(result);
          });
        },
        turn,
      ),
    );
  }

  transmit(from: NodeId, to: NodeId, deliver: (receiver: WorldNode) => void): void {
    if (this.#cut(from, to) || this.#random.chance(this.loss)) return;
    const receiver = this.node(to);
    if (receiver.up) this.in(receiver, this.#random.int(1, 40), () => deliver(receiver));
  }

  // ── hypervisor and scheduler ───────────────────────────────────────────────────────────────────────────

  #hypervisor(node: WorldNode, command: HypervisorCommand, after: PersistId | undefined): number {
    const operation = this.next();
    this.when(node, after, () => {
      if (command.kind === "stop") this.#stop(node, command.vm, operation);
      else if (command.kind === "stamp") this.#stamp(node, command, operation);
      else throw new AssertionError(`the tracker has no business with ${command.kind}`);
    });
    return operation;
  }

  #stop(node: WorldNode, vm: VmId, operation: number): void {
    const { life } = node;
    this.later(this.#random.int(50, 2000), () => {
      if (node.domains.has(vm)) this.#vanish(node, vm);
      if (node.up && node.life === life) this.#completed(node, operation);
    });
  }

  #stamp(
    node: WorldNode,
    { vm, stamp }: Extract<HypervisorCommand, { kind: "stamp" }>,
    operation: number,
  ): void {
    const domain = node.domains.get(vm);
    if (domain !== undefined) node.domains.set(vm, { ...domain, stamp: copy(stamp) });
    this.in(node, 5, () => {
      this.inventory(node);
      this.#completed(node, operation);
    });
  }

  #completed(node: WorldNode, operation: number): void {
    this.step(node, (turn) => void node.tracker.onOperation(operation, { ok: true }, turn));
  }

  #vanish(node: WorldNode, vm: VmId): void {
    const domain = node.domains.get(vm);
    if (domain?.persistent === true) node.domains.set(vm, { ...domain, state: "shutoff" });
    else node.domains.delete(vm);
    this.inventory(node);
  }

  inventory(node: WorldNode): void {
    if (node.up && node.listed) this.step(node, (turn) => node.tracker.onInventoryChanged(turn));
  }

  // ── the machinery ──────────────────────────────────────────────────────────────────────────────────────

  #membersChanged(): void {
    for (const node of this.nodes.values()) {
      if (!node.up) continue;
      this.in(node, this.#random.int(1, 200), () =>
        this.step(node, (turn) => node.tracker.onMembersChanged(turn)),
      );
    }
  }

  /** A number that nothing else has. */
  next(): number {
    return ++this.#counter;
  }

  /** When the write is durable, in this life of the node. */
  when(node: WorldNode, after: PersistId | undefined, run: () => void): void {
    const at = after === undefined ? this.now : node.writes.get(after);
    if (at === undefined) throw new AssertionError("something waits for a write that was never made");
    if (at <= this.now && after === undefined) return run();
    this.in(node, Math.max(0, at - this.now), run);
  }

  /** In this life of the node only. */
  in(node: WorldNode, after: Millis, run: () => void): void {
    const { life } = node;
    this.later(after, () => {
      if (node.up && node.life === life) run();
    });
  }

  later(after: Millis, run: () => void): void {
    this.#events.push({ at: this.now + after, run });
  }
}
