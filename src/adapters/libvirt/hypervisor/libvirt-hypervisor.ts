/**
 * The hypervisor port on libvirt. Four kinds of connections, so that nothing slow holds up anything else: one for
 * commands and events, one for usage (`sampler.ts`), one for domains' jobs (`inspector.ts`), one per migration
 * (`outgoing.ts`, `awaiting.ts`).
 *
 *   closed ──start──► connecting ──► connected: `connected`, events ──► lost: `disconnected` ──► connecting …
 *
 * Guests and migrations belong to libvirt and outlive this object. Nothing is cached: what is told of a domain was read
 * from the daemon after the event that it is told for. Nothing throws out of the port, and after `close` nothing is told.
 */
import type {
  DomainCause,
  HypervisorCommand,
  HypervisorEvent,
  HypervisorOutcome,
  MigrationProgress,
} from "../../../hypervisor/command.ts";
import type { HypervisorInfo } from "../../../hypervisor/domain.ts";
import type { Instant, Millis } from "../../../lib/instant.ts";
import type { VmId } from "../../../model/virtual-machine.ts";
import type { OperationId } from "../../../ports/effects.ts";
import type { HypervisorPort, HypervisorSink } from "../../../ports/ports.ts";
import { type DomainEvent, LibvirtClient, LibvirtConnection } from "../index.ts";
import { Commands } from "./commands.ts";
import { messageOf, outcomeOf } from "./failures.ts";
import { Inspector } from "./inspector.ts";
import { Lifecycle } from "./lifecycle.ts";
import { OutgoingMigrations } from "./outgoing.ts";
import { UsageSampler } from "./sampler.ts";
import {
  type HypervisorReport,
  type LibvirtHypervisorConfig,
  type LibvirtHypervisorDependencies,
  RECONNECT,
} from "./settings.ts";
import { after, Bells, type Clock } from "./waiting.ts";

/** Answers that wait for no guest come in milliseconds; later than this the daemon is in trouble. */
const CALL_MS: Millis = 15_000;
/** A daemon that is up but does not say what it is, is asked again. */
const GREET_AGAIN_MS: Millis = 100;
const KIB_PER_MIB = 1024n;

export class LibvirtHypervisor implements HypervisorPort {
  readonly #config: LibvirtHypervisorConfig;
  readonly #clock: Clock;
  readonly #sink: HypervisorSink;
  readonly #report: (event: HypervisorReport) => void;
  readonly #client: LibvirtClient;
  readonly #jobs: LibvirtClient;
  readonly #sampler: UsageSampler;
  readonly #inspector: Inspector;
  readonly #commands: Commands;
  readonly #lifecycle = new Lifecycle();
  readonly #bells = new Bells();
  readonly #closing = new AbortController();
  readonly #connections = new Set<LibvirtConnection>();
  /** What is being told of a domain: its events are told in order. */
  readonly #telling = new Map<VmId, Promise<void>>();
  /** Since `connected` was told. */
  #live = false;
  #generation = 0;

  constructor(config: LibvirtHypervisorConfig, { clock, sink, report }: LibvirtHypervisorDependencies) {
    this.#config = config;
    this.#clock = clock;
    this.#sink = sink;
    this.#report = report;
    const { socketPath, uri, sampleMs, migration = {} } = config;
    const client = new LibvirtClient({ socketPath }, uri, {
      events: ["lifecycle"],
      callTimeoutMs: CALL_MS,
      backoff: RECONNECT,
    });
    const lifecycle = this.#lifecycle;
    this.#client = client;
    this.#jobs = new LibvirtClient({ socketPath }, uri, { backoff: RECONNECT });
    const connect = () => this.#connect();
    const changed = (vm: VmId) => this.#changed(vm, "changed", false);
    const outgoing = new OutgoingMigrations({ connect, clock, changed }, migration);
    const migrates = (vm: VmId) => outgoing.has(vm);
    this.#inspector = new Inspector({ client, jobs: this.#jobs, clock, report, migrates, lifecycle });
    this.#commands = new Commands(config, {
      client,
      clock,
      inspector: this.#inspector,
      outgoing,
      bells: this.#bells,
      connect,
      report,
      changed,
      closing: this.#closing.signal,
    });
    this.#sampler = new UsageSampler(
      { socketPath, uri, sampleMs },
      {
        clock,
        report,
        sample: (sample) => this.#tell({ kind: "usage", sample }),
        unavailable: (reason) => this.#tell({ kind: "usage-unavailable", reason }),
      },
    );
    this.#listen();
  }

  /** Begins to connect, again and again, and does not wait for it: the sink hears `connected`. */
  start(): void {
    this.#jobs.start();
    this.#client.start();
    this.#sampler.start();
  }

  /** Ends all connections; migrations go on. The sink hears nothing more. */
  async close(): Promise<void> {
    this.#closing.abort();
    const connections = [...this.#connections].map((connection) => connection.close());
    await Promise.all([this.#client.stop(), this.#jobs.stop(), this.#sampler.close(), ...connections]);
  }

  run(operation: OperationId, command: HypervisorCommand, by?: Instant): void {
    void this.#run(operation, command, by);
  }

  async #run(operation: OperationId, command: HypervisorCommand, by: Instant | undefined): Promise<void> {
    const outcome = await this.#outcome(operation, command, by);
    this.#later(() => this.#sink.completed(operation, outcome));
  }

  async #outcome(
    operation: OperationId,
    command: HypervisorCommand,
    by: Instant | undefined,
  ): Promise<HypervisorOutcome> {
    const tell = (progress: MigrationProgress): void =>
      this.#later(() => this.#sink.progressed(operation, progress));
    try {
      return await this.#commands.run(command, tell, by);
    } catch (error) {
      return outcomeOf(error);
    }
  }

  /** The sink is never called from inside a call of the port, nor from code that would swallow what it throws. */
  #later(tell: () => void): void {
    queueMicrotask(() => {
      if (!this.#closing.signal.aborted) tell();
    });
  }

  #tell(event: HypervisorEvent): void {
    if (this.#live) this.#later(() => this.#sink.event(event));
  }

  #listen(): void {
    this.#client.on("connected", () => void this.#greet());
    this.#client.on("disconnected", ({ message }) => this.#lost(message));
    this.#client.on("attemptFailed", (error) =>
      this.#report({ event: "connect-failed", reason: messageOf(error) }),
    );
    this.#client.on("event", (event) => this.#heard(event));
  }

  async #greet(): Promise<void> {
    const generation = ++this.#generation;
    this.#lifecycle.reset();
    while (this.#client.connected && generation === this.#generation) {
      try {
        const info = await this.#info();
        await this.#jobs.call("ConnectGetHostname", {}); // a listing needs this client, too
        if (generation !== this.#generation) return;
        this.#live = true;
        this.#tell({ kind: "connected", info });
        return;
      } catch (error) {
        this.#report({ event: "connect-failed", reason: messageOf(error) });
        await after(this.#clock, GREET_AGAIN_MS, this.#closing.signal);
      }
    }
  }

  #lost(reason: string): void {
    this.#generation++;
    this.#tell({ kind: "disconnected", reason });
    this.#live = false;
  }

  async #info(): Promise<HypervisorInfo> {
    const [{ libVer }, { hvVer }, { cpus, memory }] = await Promise.all([
      this.#client.call("ConnectGetLibVersion", {}),
      this.#client.call("ConnectGetVersion", {}),
      this.#client.call("NodeGetInfo", {}),
    ]);
    return {
      description: `libvirt ${version(libVer)}, ${driverOf(this.#config.uri)} ${version(hvVer)}`,
      migrationUri: this.#config.migrationUri,
      capacity: { cpu: cpus * 1000, memory: Number(memory / KIB_PER_MIB) },
    };
  }

  async #connect(): Promise<LibvirtConnection> {
    const { socketPath, uri } = this.#config;
    const { signal } = this.#closing;
    const options = { signal, callTimeoutMs: CALL_MS };
    const connection = await LibvirtConnection.connect({ socketPath }, uri, options);
    this.#connections.add(connection);
    connection.once("close", () => this.#connections.delete(connection));
    return connection;
  }

  #heard(event: DomainEvent): void {
    if (event.kind !== "lifecycle") return;
    const vm = event.dom.uuid;
    const meaning = this.#lifecycle.meaning(vm, event.event, event.detail);
    this.#bells.ring(vm);
    if (meaning !== null) this.#changed(vm, meaning.cause, meaning.ends);
  }

  /** Tells a change once the domain has been read, after what is being told of it already. */
  #changed(vm: VmId, cause: DomainCause, ends: boolean): void {
    const before = this.#telling.get(vm) ?? Promise.resolve();
    const telling = before.then(() => this.#readAndTell(vm, cause, ends));
    this.#telling.set(vm, telling);
    void telling.then(() => {
      if (this.#telling.get(vm) === telling) this.#telling.delete(vm);
    });
  }

  /** A domain that is gone is told by the event of its end alone: that one knows why. */
  async #readAndTell(vm: VmId, cause: DomainCause, ends: boolean): Promise<void> {
    if (!this.#live) return;
    try {
      const domain = await this.#inspector.inspect(vm);
      if (domain !== null || ends) this.#tell({ kind: "domain-changed", vm, domain, cause });
    } catch (error) {
      this.#report({ event: "event-lost", vm, reason: messageOf(error) });
    }
  }
}

/** `qemu:///system` is QEMU's. */
function driverOf(uri: string): string {
  const scheme = uri.split(/[+:]/, 1)[0] ?? "";
  return scheme === "qemu" ? "QEMU" : scheme;
}

/** libvirt writes 1.2.3 as 1002003. */
function version(number: bigint): string {
  const [major, minor, patch] = [number / 1_000_000n, (number / 1000n) % 1000n, number % 1000n];
  return `${major}.${minor}.${patch}`;
}
