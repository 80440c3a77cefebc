/**
 * Commands and questions: what this agent answers itself, what it asks every member for, and what it passes on
 * to the host it is about. Every answer that is put together from several hosts says who did not answer.
 */
import { type Failure, fail, ok, type Result } from "../lib/error.ts";
import { byText } from "../lib/order.ts";
import type { Member, MemberState } from "../model/member.ts";
import type { NodeId } from "../model/node.ts";
import type { VeCommand, VetCommand } from "../vet/commands.ts";
import type { Respond as VetRespond } from "../vet/dependencies.ts";
import type { VeView } from "../vet/views.ts";
import type { Agent } from "./agent.ts";
import { capture, type HostPart } from "./capture.ts";
import type { PeerCommand } from "./commands.ts";
import { doctor } from "./doctor.ts";
import { explainVm } from "./explain.ts";
import type { Reason } from "./history.ts";
import { shortId } from "./operations.ts";
import { previewDrain } from "./preview.ts";
import type { Respond } from "./remote.ts";
import { type Findings, survey } from "./survey.ts";
import type { AgentTurn } from "./turn.ts";
import type {
  Coverage,
  HistoryEntry,
  HostReport,
  HostView,
  OperationView,
  StatusView,
  VmView,
} from "./views.ts";

type Of<T extends PeerCommand["type"]> = Extract<PeerCommand, { type: T }>;

export class Answers {
  readonly #agent: Agent;

  constructor(agent: Agent) {
    this.#agent = agent;
  }

  execute(command: PeerCommand, from: NodeId | null, respond: Respond, turn: AgentTurn): void {
    switch (command.type) {
      case "status":
        return respond(ok(this.#status(turn)), turn);
      case "host.list":
        return this.#hosts(respond, turn);
      case "host.show":
        return this.#host(command, respond, turn);
      case "host.rtt":
        return this.#survey({ type: "agent.rtt" }, turn, ({ answers, coverage }, later) =>
          respond(ok({ items: answers.flatMap(({ value }) => value as RttRow[]), coverage }), later),
        );
      case "doctor":
        return this.#survey({ type: "agent.vms" }, turn, ({ answers, coverage }, later) => {
          const vms = answers.flatMap(({ value }) => value as VmView[]);
          respond(ok({ item: doctor(this.#agent, vms, later), coverage }), later);
        });
      case "capture":
        return this.#capture(command, respond, turn);
      case "host.drain":
        return this.#drain(command, respond, turn);
      case "host.restore":
        return this.#atHost(command.host, command, respond, turn, (later) =>
          this.#durably(() => this.#agent.drain.restore(command.reason ?? "an operator asked for it", later)),
        );
      case "vm.list":
        return this.#vms(respond, turn);
      case "vm.history":
        return from === null
          ? this.#history(command, respond, turn)
          : respond(this.#own(command, turn), turn);
      case "vm.show":
      case "explain.vm":
      case "vm.migrate":
        return this.#vm(command, from, respond, turn);
      case "balance.status":
        return this.#balance(respond, turn);
      case "balance.mode":
        return this.#setMode(command, respond, turn);
      case "agent.set-mode":
        return durably(this.#own(command, turn), respond, turn);
      case "op.list":
        return this.#operations(respond, turn);
      case "op.show":
      case "op.cancel":
        return this.#operation(command, respond, turn);
      case "ve.list":
        return from === null
          ? this.#environments(respond, turn)
          : this.#agent.vet.execute(command, from, respond as never, turn);
      case "ve.show":
        return this.#agent.vet.execute(command, from, this.#showNames(from, respond), turn);
      default:
        if (isEnvironmentCommand(command)) this.#agent.vet.execute(command, from, respond as never, turn);
        else respond(this.#own(command, turn), turn);
    }
  }

  #environments(respond: Respond, turn: AgentTurn): void {
    this.#survey({ type: "agent.environments" }, turn, ({ answers, coverage }, later) => {
      const views = answers.flatMap(({ value }) => value as VeView[]).map((view) => this.#named(view));
      respond(ok({ items: views.sort((a, b) => byText(a.name, b.name)), coverage }), later);
    });
  }

  /** What goes to people has host names in it; what goes to a peer is passed on by it. */
  #showNames(from: NodeId | null, respond: Respond): VetRespond {
    return (result, turn, after) => {
      const named = result.ok && from === null ? ok(this.#named(result.value as VeView)) : result;
      respond(named, turn as AgentTurn, after);
    };
  }

  /** People read host names, not node ids. */
  #named(view: VeView): VeView {
    const name = (node: NodeId | null): string | null => (node === null ? null : this.#agent.nameOf(node));
    return {
      ...view,
      home: this.#agent.nameOf(view.home),
      movingTo: name(view.movingTo),
      vms: view.vms.map((vm) => ({ ...vm, host: name(vm.host) })),
    };
  }

  /** This agent's part of a question to everybody. */
  #own(command: PeerCommand, turn: AgentTurn): Result<unknown> {
    switch (command.type) {
      case "agent.host":
        return ok(this.report(turn));
      case "agent.vms":
        return ok(this.#ownVms(turn));
      case "agent.find-vm":
        return ok(this.#called(command.vm, turn));
      case "vm.history":
        return ok(this.#agent.history.of(command.vm, turn.now));
      case "agent.operations":
        return ok(this.#agent.operations.list().map((operation) => this.#operationView(operation, turn)));
      case "agent.rtt":
        return ok(this.#rtt());
      case "agent.environments":
        return ok(this.#agent.vet.views(turn));
      case "agent.snapshot":
        return ok(this.#agent.lrt.snapshot(turn.now));
      case "agent.capture":
        return ok(this.#ownPart(turn));
      case "agent.set-mode":
        return this.#durably(() => {
          this.#agent.setMode(command.mode, turn);
          return ok({});
        });
      case "agent.reasons":
        return ok({ report: this.report(turn), reasons: this.#agent.history.reasons(turn.now) });
      default:
        return fail({ code: "invalid", message: `unknown command ${command.type}` });
    }
  }

  /** How this host is. */
  report(turn: AgentTurn): HostReport {
    const { lrt, drain, identity } = this.#agent;
    const { queue, monitor, inventory, desk } = lrt;
    return {
      capacity: identity.capacity,
      wanted: monitor.total(turn.now),
      condition: lrt.condition,
      vms: inventory.all().length,
      managedVms: inventory.managed().length,
      hypervisor: lrt.hypervisor?.description ?? null,
      sampleAgoMs: monitor.lastSample === null ? null : turn.now - monitor.lastSample,
      drain: drain.state,
      partition: desk.booking?.pid ?? null,
      events: queue.all().map(({ id, cause, raisedAt }) => ({
        kind: cause.kind,
        ageMs: turn.now - raisedAt,
        state: queue.state(id) ?? "ended",
      })),
    };
  }

  #status(turn: AgentTurn): StatusView {
    const { identity, membership, operations, mode } = this.#agent;
    const members: Record<MemberState, number> = { alive: 0, suspect: 0, dead: 0, left: 0 };
    for (const { state } of this.#agent.members()) members[state]++;
    return {
      id: identity.id,
      name: identity.name,
      version: identity.version,
      members,
      isolated: membership.isolated,
      mode,
      report: this.report(turn),
      operationsRunning: operations.running(),
    };
  }

  #hosts(respond: Respond, turn: AgentTurn): void {
    this.#survey({ type: "agent.host" }, turn, ({ answers, coverage }, later) => {
      const reports = new Map(answers.map(({ node, value }) => [node, value as HostReport]));
      const members = this.#agent.members().filter(({ state }) => state !== "left");
      const hosts = members.map((member) => this.#hostView(member, reports.get(member.id) ?? null));
      respond(ok({ items: hosts.sort((a, b) => byText(a.name, b.name)), coverage }), later);
    });
  }

  #capture(command: Of<"capture">, respond: Respond, turn: AgentTurn): void {
    const drain = this.#hostsNamed(command.drain ?? []);
    if (!drain.ok) return respond(drain, turn);
    const down = this.#hostsNamed(command.down ?? []);
    if (!down.ok) return respond(down, turn);
    this.#survey({ type: "agent.capture" }, turn, ({ answers, coverage }, later) => {
      const parts = answers.map(({ value }) => value as HostPart);
      const heard = new Set(answers.map(({ node }) => node));
      const silent = this.#agent.members().filter(({ id, state }) => state !== "left" && !heard.has(id));
      const config = this.#agent.lrtConfig;
      const item = capture({ parts, silent, drain: drain.value, down: down.value, config });
      respond(ok({ item, coverage }), later);
    });
  }

  /** A slip in a question that changes nothing is wrong usage: there is nothing that could have gone meanwhile. */
  #hostsNamed(hosts: readonly string[]): Result<ReadonlySet<NodeId>> {
    const found = hosts.map((host) => this.#agent.find(host));
    const missing = found.find((result) => !result.ok);
    if (missing === undefined)
      return ok(new Set(found.flatMap((result) => (result.ok ? [result.value.id] : []))));
    if (missing.ok || missing.failure.code !== "not-found") return missing as Result<never>;
    const known = this.#agent.members().filter(({ state }) => state !== "left");
    const names = known.map(({ name }) => name).sort(byText);
    return fail({ ...missing.failure, code: "invalid", reason: `there is ${names.join(", ")}` });
  }

  #ownPart({ now }: AgentTurn): HostPart {
    const { lrt, drain } = this.#agent;
    const arrivals = lrt.queue.all().flatMap(({ cause }) => (cause.kind === "arrival" ? cause.vms : []));
    const unmanaged = lrt.inventory.all().filter(({ stamp }) => stamp === null);
    return {
      snapshot: lrt.snapshot(now),
      condition: lrt.condition,
      drain: drain.state,
      foreign: unmanaged.map(({ vm }) => vm),
      waiting: arrivals.map(({ spec, stamp, demand }) => {
        return { id: spec.id, name: spec.name, demand, policy: stamp.policy };
      }),
    };
  }

  #host({ host }: Of<"host.show">, respond: Respond, turn: AgentTurn): void {
    const found = this.#agent.find(host);
    if (!found.ok) return respond(found, turn);
    const answer: Respond = (result, later) => {
      respond(ok(this.#hostView(found.value, result.ok ? (result.value as HostReport) : null)), later);
    };
    this.#agent.forward(found.value.id, { type: "agent.host" }, answer, turn);
  }

  #hostView(member: Member, report: HostReport | null): HostView {
    const { id, name, state, labels, version, draining } = member;
    const rttMs = id === this.#agent.identity.id ? 0 : this.#agent.membership.rtt(id);
    return {
      id,
      name,
      state,
      labels,
      version,
      rttMs,
      drain: report?.drain ?? (draining ? "draining" : "no"),
      report,
    };
  }

  #rtt(): RttRow[] {
    const { membership, identity } = this.#agent;
    const others = this.#agent.members().filter(({ id, state }) => id !== identity.id && state !== "left");
    return others.map(({ id, name }) => ({ from: identity.name, to: name, rttMs: membership.rtt(id) }));
  }

  #drain(command: Of<"host.drain">, respond: Respond, turn: AgentTurn): void {
    this.#atHost(command.host, command, respond, turn, (later) => {
      const refusal = this.#agent.drain.refusal();
      if (command.dryRun !== true)
        return this.#durably(() =>
          this.#agent.drain.drain(command.reason ?? "an operator asked for it", later),
        );
      if (refusal !== null) return fail(refusal);
      previewDrain(
        this.#agent,
        (found, t) => this.#survey({ type: "agent.snapshot" }, t, found),
        respond,
        later,
      );
      return null;
    });
  }

  /**
   * Runs `here` on the host named, wherever this was asked; null: it answers by itself. What it says is durable first: the
   * agent may die the next moment.
   */
  #atHost(
    host: string,
    command: PeerCommand,
    respond: Respond,
    turn: AgentTurn,
    here: (turn: AgentTurn) => Result<unknown> | null,
  ): void {
    const found = this.#agent.find(host);
    if (!found.ok) return respond(found, turn);
    if (found.value.id !== this.#agent.identity.id)
      return this.#agent.forward(found.value.id, command, respond, turn);
    const result = here(turn);
    if (result !== null) durably(result, respond, turn);
  }

  /** On a full disk nothing becomes durable: its answer would wait for room, and every later one behind it. */
  #durably(change: () => Result<unknown>): Result<unknown> {
    const { lrt, identity } = this.#agent;
    if (lrt.space !== "full") return change();
    return fail({
      code: "busy",
      message: `${identity.name} cannot write down what it is told`,
      reason: "its disk is full",
      hint: "free room in its state directory",
    });
  }

  #vms(respond: Respond, turn: AgentTurn): void {
    this.#survey({ type: "agent.vms" }, turn, ({ answers, coverage }, later) => {
      const vms = answers.flatMap(({ value }) => value as VmView[]).sort((a, b) => byText(a.name, b.name));
      respond(ok({ items: vms, coverage }), later);
    });
  }

  /** Finds the VM's host first; a question that came from a peer is for this host. */
  #vm(
    command: Of<"vm.show" | "explain.vm" | "vm.migrate">,
    from: NodeId | null,
    respond: Respond,
    turn: AgentTurn,
  ): void {
    const [mine] = this.#called(command.vm, turn);
    if (mine !== undefined && command.type === "explain.vm") {
      return this.#survey({ type: "agent.snapshot" }, turn, (findings, later) =>
        respond(ok(explainVm(this.#agent, mine, findings, later)), later),
      );
    }
    if (mine !== undefined && command.type !== "explain.vm")
      return respond(this.#vmHere(command, mine, turn), turn);
    if (from !== null) return respond(fail(missingVm(command.vm, null)), turn);
    this.#survey({ type: "agent.find-vm", vm: command.vm }, turn, ({ answers, coverage }, later) => {
      const holder = answers.find(({ value }) => (value as VmView[]).length > 0);
      if (holder !== undefined) return this.#agent.forward(holder.node, command, respond, later);
      respond(fail(missingVm(command.vm, coverage)), later);
    });
  }

  /** Every host remembers what it took part in: also of VMs that have gone on, or are no more. */
  #history(command: Of<"vm.history">, respond: Respond, turn: AgentTurn): void {
    this.#survey(command, turn, ({ answers, coverage }, later) => {
      const entries = answers.flatMap(({ value }) => value as HistoryEntry[]);
      const items = [...new Map(entries.map((entry) => [entry.action, entry])).values()];
      if (items.length > 0)
        return respond(ok({ items: items.sort((a, b) => b.agoMs - a.agoMs), coverage }), later);
      const { vm } = command;
      this.#survey({ type: "agent.find-vm", vm }, later, ({ answers: found, coverage: now }, then) => {
        const known = found.some(({ value }) => (value as VmView[]).length > 0);
        respond(known ? ok({ items, coverage: now }) : fail(missingVm(vm, now)), then);
      });
    });
  }

  #vmHere(command: Of<"vm.show" | "vm.migrate">, vm: VmView, turn: AgentTurn): Result<unknown> {
    const { migrations } = this.#agent;
    switch (command.type) {
      case "vm.show":
        return ok(vm);
      case "vm.migrate": {
        const target = command.to === undefined ? null : this.#agent.find(command.to);
        if (target !== null && !target.ok) return target;
        return migrations.migrate(
          vm.id,
          target?.value.id ?? null,
          command.reason ?? "an operator asked for it",
          turn,
        );
      }
    }
  }

  #balance(respond: Respond, turn: AgentTurn): void {
    this.#survey({ type: "agent.reasons" }, turn, ({ answers, coverage }, later) => {
      const parts = answers.map(({ node, value }) => ({
        host: this.#agent.nameOf(node),
        ...(value as BalancePart),
      }));
      const hosts = parts.map(({ host, report }) => balanceRow(host, report));
      const reasons = parts.flatMap((part) => part.reasons).sort((a, b) => b.agoMs - a.agoMs);
      respond(ok({ item: { mode: this.#agent.mode, hosts, reasons }, coverage }), later);
    });
  }

  #setMode({ mode }: Of<"balance.mode">, respond: Respond, turn: AgentTurn): void {
    this.#survey({ type: "agent.set-mode", mode }, turn, ({ coverage }, later) => {
      const silent = coverage.unreachable.map(({ host }) => host).join(", ");
      if (silent === "") return respond(ok({ item: { mode }, coverage }), later, later.written);
      const reason = `${silent} did not answer and still has its old mode`;
      respond(
        fail({
          code: "partial",
          message: `mode ${mode} is set on ${coverage.hostsAnswered} hosts`,
          reason,
          changed: true,
        }),
        later,
        later.written,
      );
    });
  }

  #operations(respond: Respond, turn: AgentTurn): void {
    this.#survey({ type: "agent.operations" }, turn, ({ answers, coverage }, later) => {
      const operations = answers.flatMap(({ value }) => value as OperationView[]);
      respond(ok({ items: operations.sort((a, b) => a.startedAgoMs - b.startedAgoMs), coverage }), later);
    });
  }

  /** An operation's name begins with its host's short id. */
  #operation(command: Of<"op.show" | "op.cancel">, respond: Respond, turn: AgentTurn): void {
    const missing = fail({
      code: "not-found",
      message: `no operation is called ${command.name}`,
      hint: "discoveryctl op list",
    });
    const owner = this.#agent.members().find(({ id }) => command.name.startsWith(`${shortId(id)}-`));
    if (owner === undefined) return respond(missing, turn);
    if (owner.id !== this.#agent.identity.id) return this.#agent.forward(owner.id, command, respond, turn);
    const operation = this.#agent.operations.get(command.name);
    if (operation === undefined) return respond(missing, turn);
    if (command.type === "op.show") return respond(ok(this.#operationView(operation, turn)), turn);
    const { drain, migrations } = this.#agent;
    const found = drain.cancel(command.name, turn) || migrations.cancel(command.name, turn);
    const now = this.#agent.operations.get(command.name) ?? operation;
    if (found) return respond(ok(this.#operationView(now, turn)), turn, turn.written);
    respond(
      fail({
        code: "conflict",
        message: `${command.name} cannot be cancelled`,
        reason: `it is ${operation.state}`,
      }),
      turn,
    );
  }

  #operationView(operation: ReturnType<Agent["operations"]["list"]>[number], turn: AgentTurn): OperationView {
    const { startedAt, endedAt, ...rest } = operation;
    return {
      ...rest,
      host: this.#agent.identity.name,
      startedAgoMs: turn.now - startedAt,
      endedAgoMs: endedAt === null ? null : turn.now - endedAt,
    };
  }

  /** This host's VMs of that id or domain name; an adopted domain keeps its name and is found as `<ve>.<vm>`, too. */
  #called(vm: string, turn: AgentTurn): VmView[] {
    const { inventory } = this.#agent.lrt;
    return this.#ownVms(turn).filter(({ id, name }) => {
      const stamp = inventory.get(id)?.stamp ?? null;
      return id === vm || name === vm || (stamp !== null && `${stamp.ve}.${stamp.vm}` === vm);
    });
  }

  #ownVms(turn: AgentTurn): VmView[] {
    const { lrt, identity } = this.#agent;
    const snapshot = lrt.snapshot(turn.now);
    const intents = new Map(lrt.participant.open().map(({ order }) => [order.vm, order]));
    return lrt.inventory.all().map((domain) => {
      const seen = snapshot.vms.find(({ id }) => id === domain.vm);
      const order = intents.get(domain.vm);
      return {
        id: domain.vm,
        name: domain.name,
        ve: domain.stamp?.ve ?? null,
        host: identity.name,
        state: domain.state,
        cpus: domain.cpus,
        demand: seen?.demand ?? { cpu: 0, memory: 0 },
        pinned: seen?.pinned ?? null,
        migration:
          order?.what.kind === "migrate"
            ? {
                from: this.#agent.nameOf(order.what.from),
                to: this.#agent.nameOf(order.what.to),
                reason: order.reason,
              }
            : null,
      };
    });
  }

  #survey(command: PeerCommand, turn: AgentTurn, done: (findings: Findings, turn: AgentTurn) => void): void {
    const { identity, remote, membership } = this.#agent;
    const deps = {
      self: identity.id,
      remote,
      members: () => this.#agent.members(),
      lastHeard: (id: NodeId, now: number) => membership.lastHeard(id, now),
      own: (own: PeerCommand, later: AgentTurn) => this.#own(own, later),
    };
    survey(command, deps, turn, done);
  }
}

/** `coverage`: of everybody who was asked; null: only this host was. */
function missingVm(vm: string, coverage: Coverage | null): Failure {
  const silent = coverage?.unreachable.map(({ host }) => host).join(", ") ?? "";
  if (silent === "")
    return { code: "not-found", message: `no VM is called ${vm}`, hint: "discoveryctl vm list" };
  const message = `no host that answers has a VM called ${vm}`;
  const hint = "discoveryctl host list";
  return { code: "unreachable", message, reason: `${silent} did not answer`, hint };
}

interface RttRow {
  readonly from: string;
  readonly to: string;
  readonly rttMs: number | null;
}

interface BalancePart {
  readonly report: HostReport;
  readonly reasons: readonly Reason[];
}

function balanceRow(host: string, { condition, wanted, capacity, partition }: HostReport) {
  return {
    host,
    condition: condition.kind,
    cpu: { wanted: wanted.cpu, capacity: capacity.cpu },
    memory: { wanted: wanted.memory, capacity: capacity.memory },
    partition,
  };
}

function isEnvironmentCommand(command: PeerCommand): command is VeCommand | VetCommand {
  return command.type.startsWith("ve.") || command.type.startsWith("vet.");
}

/** What is told to be done is on disk; a refusal waits for nothing. */
function durably(result: Result<unknown>, respond: Respond, turn: AgentTurn): void {
  respond(result, turn, result.ok ? turn.written : undefined);
}
