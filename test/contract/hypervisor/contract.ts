/**
 * What every hypervisor behind the port does, whatever it is. An implementation hands in a bed of two hosts
 * that can migrate to each other, and says what its bed is able to do; what it is not able to do is skipped.
 *
 * The agent's death: with libvirt a migration goes on when the agent dies, and the next one awaits it. In the
 * embedded world the guests live in the agent's process, so the agent's death *is* its host's death: such a
 * bed says `agentDeath: "is-host-death"`, and what is left to test is that the other host notices.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type {
  HypervisorCommand,
  HypervisorEvent,
  HypervisorOutcome,
  MigrationProgress,
} from "../../../src/hypervisor/command.ts";
import type { Domain, DomainUsage } from "../../../src/hypervisor/domain.ts";
import { Inventory } from "../../../src/lrt/monitoring/inventory.ts";
import type { MigrationPolicy, VmId, VmSpec } from "../../../src/model/virtual-machine.ts";
import { vmStamp } from "../../support/virtual-machines.ts";

/** One host of a bed, and what its hypervisor said so far. */
export interface ContractHost {
  run(command: HypervisorCommand): number;
  readonly outcomes: ReadonlyMap<number, HypervisorOutcome>;
  readonly progress: readonly { readonly operation: number; readonly progress: MigrationProgress }[];
  readonly events: readonly HypervisorEvent[];
}

export interface ContractBed {
  /** Connected. */
  readonly hosts: readonly [ContractHost, ContractHost];
  /** A small guest that obeys the power button; ids and names differ by `n`. */
  spec(n: number): VmSpec;
  /** Lets time pass until the condition holds. @throws after a time that means "never". */
  waitFor(condition: () => boolean, what: string): Promise<void>;
  close(): Promise<void>;
  readonly setLoad?: (host: ContractHost, vm: VmId, milliCpu: number) => void;
  readonly killGuest?: (host: ContractHost, vm: VmId) => void;
  readonly ignorePowerButton?: (host: ContractHost, vm: VmId) => void;
  /** Makes its next listings late; `vm` is a guest that runs there. */
  readonly slowListings?: (host: ContractHost, vm: VmId) => void;
  readonly loseControl?: (host: ContractHost) => void;
  readonly regainControl?: (host: ContractHost) => void;
  readonly killHost?: (host: ContractHost) => void;
  /** The agent's process ends and another begins; returns the host as the new one sees it. */
  readonly restartAgent?: (host: ContractHost) => Promise<ContractHost>;
}

export interface ContractCapabilities {
  readonly setLoad: boolean;
  readonly killGuest: boolean;
  readonly ignorePowerButton: boolean;
  readonly slowListings: boolean;
  readonly loseControl: boolean;
  readonly killHost: boolean;
  /** A policy under which `spec`'s guests take at least some seconds to migrate; null: there is none. */
  readonly slowly: MigrationPolicy | null;
  readonly agentDeath: "is-host-death" | "migration-goes-on";
}

const FAST: MigrationPolicy = { bandwidthMibPerSecond: 0, timeoutMs: 60_000 };
const LONG_GRACE = 30_000;

export function hypervisorContract(
  name: string,
  makeBed: () => Promise<ContractBed>,
  able: ContractCapabilities,
): void {
  let bed: ContractBed;
  let here: ContractHost;
  let there: ContractHost;
  let vm: VmId;
  const slowly = able.slowly ?? FAST;

  beforeEach(async () => {
    bed = await makeBed();
    [here, there] = bed.hosts;
    vm = bed.spec(1).id;
  });
  afterEach(() => bed.close());

  async function ended(host: ContractHost, operation: number): Promise<HypervisorOutcome> {
    await bed.waitFor(() => host.outcomes.has(operation), `the outcome of operation ${operation}`);
    return host.outcomes.get(operation)!;
  }
  const does = (host: ContractHost, command: HypervisorCommand) => ended(host, host.run(command));
  const start = (host: ContractHost, n = 1) =>
    does(host, { kind: "start", spec: bed.spec(n), stamp: vmStamp(n) });

  async function inspect(host: ContractHost, id = vm): Promise<Domain | null> {
    const outcome = await does(host, { kind: "inspect", vm: id });
    if (!outcome.ok || outcome.domain === undefined) throw new Error(`inspect: ${JSON.stringify(outcome)}`);
    return outcome.domain;
  }

  async function list(host: ContractHost): Promise<readonly Domain[]> {
    const outcome = await does(host, { kind: "list" });
    if (!outcome.ok || outcome.domains === undefined) throw new Error(`list: ${JSON.stringify(outcome)}`);
    return outcome.domains;
  }

  function uriOf(host: ContractHost): string {
    const connected = host.events.findLast((event) => event.kind === "connected");
    if (connected?.kind !== "connected") throw new Error("the host is not connected");
    return connected.info.migrationUri;
  }

  const migrate = (policy: MigrationPolicy, id = vm) =>
    here.run({ kind: "migrate", vm: id, uri: uriOf(there), policy, persistent: false });

  const heard = (host: ContractHost, cause: string, id = vm) =>
    bed.waitFor(
      () =>
        host.events.some(
          (event) => event.kind === "domain-changed" && event.vm === id && event.cause === cause,
        ),
      `domain-changed, ${cause}`,
    );

  const shellThere = async () => {
    await bed.waitFor(
      () =>
        there.events.some(
          (event) => event.kind === "domain-changed" && event.domain?.pauseReason === "migrating-in",
        ),
      "the shell of an incoming migration",
    );
  };

  async function expectRunsHere(): Promise<void> {
    expect(await inspect(here)).toMatchObject({ state: "running", pauseReason: null });
    await bed.waitFor(() => gone(there), "the end of the shell");
    expect(await inspect(there)).toBe(null);
  }

  /** Whether the last that was heard of the guest is that it is not there. */
  function gone(host: ContractHost): boolean {
    const last = host.events.findLast((event) => event.kind === "domain-changed" && event.vm === vm);
    return last === undefined || (last.kind === "domain-changed" && last.domain === null);
  }

  const failure = (code: string) => ({ ok: false, failure: { code } });

  describe(`${name}: domains`, () => {
    it("a started domain runs, with its stamp, and is heard of", async () => {
      expect(await start(here)).toEqual({ ok: true });
      const { cpus, memory, name } = bed.spec(1);
      const expected = { vm, name, cpus, memory, state: "running", pauseReason: null, job: "none" };
      expect(await inspect(here)).toMatchObject({ ...expected, persistent: false, stamp: vmStamp(1) });
      expect((await list(here)).map((domain) => domain.vm)).toContain(vm);
      await heard(here, "started");
    });

    it.skipIf(!able.slowListings)(
      "a late listing, and what was told since it was asked for, are what is there",
      async () => {
        await start(here, 1);
        await start(here, 2);
        bed.slowListings!(here, vm);
        const asked = here.events.length;
        const listing = here.run({ kind: "list" });
        await start(here, 3);
        await does(here, { kind: "destroy", vm: bed.spec(2).id });
        await heard(here, "stopped", bed.spec(2).id);
        await heard(here, "started", bed.spec(3).id);
        const outcome = await ended(here, listing);
        const inventory = new Inventory();
        inventory.listing();
        for (const event of here.events.slice(asked))
          if (event.kind === "domain-changed") inventory.change(event);
        inventory.list((outcome.ok && outcome.domains) || []);
        expect(inventory.all().map((domain) => domain.vm)).toEqual([vm, bed.spec(3).id]);
      },
    );

    it("a start fails when the id is taken, and changes nothing", async () => {
      await start(here);
      expect(await start(here)).toMatchObject(failure("exists"));
      expect((await list(here)).filter((domain) => domain.vm === vm).length).toBe(1);
    });

    it("a start fails when the name is taken by another", async () => {
      await start(here);
      const spec = { ...bed.spec(2), name: bed.spec(1).name };
      expect(await does(here, { kind: "start", spec, stamp: vmStamp(2) })).toMatchObject(failure("exists"));
    });

    it("a domain that is not there is null when inspected, and an error for every other command", async () => {
      expect(await inspect(here)).toBe(null);
      const commands: HypervisorCommand[] = [
        { kind: "stop", vm, graceMs: 1_000 },
        { kind: "resume", vm },
        { kind: "destroy", vm },
        { kind: "migrate", vm, uri: uriOf(there), policy: FAST, persistent: false },
        { kind: "await-migration", vm },
        { kind: "abort-migration", vm },
        { kind: "stamp", vm, stamp: null },
      ];
      for (const command of commands) {
        expect(await does(here, command), command.kind).toMatchObject(failure("no-such-domain"));
      }
    });

    it("a stop ends when the guest has powered off", async () => {
      await start(here);
      expect(await does(here, { kind: "stop", vm, graceMs: LONG_GRACE })).toEqual({ ok: true });
      expect(await inspect(here)).toBe(null);
      await heard(here, "stopped");
    });

    it.skipIf(!able.ignorePowerButton)("a stop destroys a guest that ignores the power button", async () => {
      await start(here);
      bed.ignorePowerButton!(here, vm);
      expect(await does(here, { kind: "stop", vm, graceMs: 500 })).toEqual({ ok: true });
      expect(await inspect(here)).toBe(null);
    });

    it("a destroy ends the domain at once, and a second finds none", async () => {
      await start(here);
      expect(await does(here, { kind: "destroy", vm })).toEqual({ ok: true });
      expect(await inspect(here)).toBe(null);
      expect(await does(here, { kind: "destroy", vm })).toMatchObject(failure("no-such-domain"));
      await heard(here, "stopped");
    });

    it("a resume of a running domain changes nothing", async () => {
      await start(here);
      expect(await does(here, { kind: "resume", vm })).toEqual({ ok: true });
      expect(await inspect(here)).toMatchObject({ state: "running" });
    });

    it("a stamp is changed and removed while the guest runs on", async () => {
      await start(here);
      const stamp = { ...vmStamp(1), generation: 2 };
      expect(await does(here, { kind: "stamp", vm, stamp })).toEqual({ ok: true });
      expect(await inspect(here)).toMatchObject({ state: "running", stamp });
      expect(await does(here, { kind: "stamp", vm, stamp: null })).toEqual({ ok: true });
      expect(await inspect(here)).toMatchObject({ state: "running", stamp: null });
    });

    it("commands on different domains go on at the same time", async () => {
      const operations = [1, 2, 3].map((n) =>
        here.run({ kind: "start", spec: bed.spec(n), stamp: vmStamp(n) }),
      );
      for (const operation of operations) expect(await ended(here, operation)).toEqual({ ok: true });
      const ids = [1, 2, 3].map((n) => bed.spec(n).id);
      expect((await list(here)).map((domain) => domain.vm).sort()).toEqual(ids.sort());
    });

    it.skipIf(!able.killGuest)("a guest whose process dies is heard of as crashed and gone", async () => {
      await start(here);
      bed.killGuest!(here, vm);
      await heard(here, "crashed");
      expect(await inspect(here)).toBe(null);
    });
  });

  describe(`${name}: usage`, () => {
    const usage = (host: ContractHost): DomainUsage | undefined => {
      const last = host.events.findLast((event) => event.kind === "usage");
      return last?.kind === "usage" ? last.sample.domains.find((domain) => domain.vm === vm) : undefined;
    };

    it("a started domain is sampled with the memory that the host holds for it", async () => {
      await start(here);
      await bed.waitFor(() => (usage(here)?.memory ?? 0) > 0, "a sample of the domain");
      const { used, wanted } = usage(here)!;
      expect(used).toBeGreaterThanOrEqual(0);
      expect(wanted).toBeGreaterThanOrEqual(used);
    });

    it.skipIf(!able.setLoad)(
      "a load shows in the samples and is capped by the domain's processors",
      async () => {
        await start(here);
        bed.setLoad!(here, vm, 500);
        await bed.waitFor(() => Math.abs((usage(here)?.wanted ?? 0) - 500) < 200, "half a processor wanted");
        bed.setLoad!(here, vm, 90_000);
        const full = bed.spec(1).cpus * 1000;
        await bed.waitFor(() => (usage(here)?.wanted ?? 0) > full * 0.8, "all processors wanted");
        expect(usage(here)!.wanted).toBeLessThanOrEqual(full);
      },
    );
  });

  describe(`${name}: migrations`, () => {
    it("a guest moves with its stamp, is gone here, and runs there once it is resumed", async () => {
      await start(here);
      expect(await ended(here, migrate(FAST))).toEqual({ ok: true });
      expect(await inspect(here)).toBe(null);
      const arrived = { state: "paused", pauseReason: "user", stamp: vmStamp(1), job: "none" };
      expect(await inspect(there)).toMatchObject(arrived);
      expect(await does(there, { kind: "resume", vm })).toEqual({ ok: true });
      expect(await inspect(there)).toMatchObject({ ...arrived, state: "running", pauseReason: null });
      await heard(here, "migrated-out");
      await heard(there, "migrated-in");
    });

    it("a guest comes back to where it was", async () => {
      await start(here);
      await ended(here, migrate(FAST));
      await does(there, { kind: "resume", vm });
      const back = { kind: "migrate", vm, uri: uriOf(here), policy: FAST, persistent: false } as const;
      expect(await does(there, back)).toEqual({ ok: true });
      expect(await does(here, { kind: "resume", vm })).toEqual({ ok: true });
      expect(await inspect(here)).toMatchObject({ state: "running" });
      expect(await inspect(there)).toBe(null);
    });

    it("a migration fails when the domain exists at the destination, and both go on", async () => {
      await start(here);
      await start(there);
      const outcome = await ended(here, migrate(FAST));
      expect(outcome.ok).toBe(false);
      expect(await inspect(here)).toMatchObject({ state: "running" });
      expect(await inspect(there)).toMatchObject({ state: "running" });
    });

    it("an abort, or waiting, without a migration is invalid", async () => {
      await start(here);
      expect(await does(here, { kind: "abort-migration", vm })).toMatchObject(failure("invalid"));
      expect(await does(here, { kind: "await-migration", vm })).toMatchObject(failure("invalid"));
    });

    it.skipIf(able.slowly === null)(
      "an aborted migration leaves the guest running where it was",
      async () => {
        await start(here);
        const operation = migrate(slowly);
        await shellThere();
        expect(await does(here, { kind: "abort-migration", vm })).toEqual({ ok: true });
        expect(await ended(here, operation)).toMatchObject(failure("aborted"));
        await heard(there, "migration-in-failed");
        await expectRunsHere();
      },
    );

    it.skipIf(able.slowly === null)("a migration is aborted at its timeout", async () => {
      await start(here);
      expect(await ended(here, migrate({ ...slowly, timeoutMs: 500 }))).toMatchObject(failure("aborted"));
      await expectRunsHere();
    });

    it.skipIf(able.slowly === null)(
      "shows its job, a paused shell and, while it is awaited, its progress",
      async () => {
        await start(here);
        const operation = migrate(slowly);
        await shellThere();
        expect(await inspect(here)).toMatchObject({ state: "running", job: "migrating-out" });
        expect(await list(here)).toMatchObject([{ vm, job: "migrating-out" }]);
        expect(await inspect(there)).toMatchObject({ state: "paused", pauseReason: "migrating-in" });
        const awaiting = here.run({ kind: "await-migration", vm });
        expect(await does(here, { kind: "resume", vm })).toEqual({ ok: true });
        expect(await ended(here, operation)).toEqual({ ok: true });
        expect(await ended(here, awaiting)).toEqual({ ok: true });
        const reports = here.progress.filter((report) => report.operation === operation);
        expect(reports.length).toBeGreaterThan(0);
        for (const { progress } of reports)
          expect(progress.remainingMib).toBeLessThanOrEqual(progress.totalMib);
      },
    );

    it.skipIf(able.slowly === null)(
      "a second migration of the same guest is refused, the first goes on",
      async () => {
        await start(here);
        const first = migrate(slowly);
        await shellThere();
        expect(await ended(here, migrate(slowly))).toMatchObject(failure("failed"));
        expect(await ended(here, first)).toEqual({ ok: true });
      },
    );

    it.skipIf(able.slowly === null)(
      "a shell that is destroyed ends the migration, the guest runs on",
      async () => {
        await start(here);
        const operation = migrate(slowly);
        await shellThere();
        expect(await does(there, { kind: "destroy", vm })).toEqual({ ok: true });
        expect((await ended(here, operation)).ok).toBe(false);
        await expectRunsHere();
      },
    );

    it.skipIf(able.slowly === null || !able.killGuest)(
      "a guest that dies in the middle is gone everywhere",
      async () => {
        await start(here);
        const operation = migrate(slowly);
        await shellThere();
        bed.killGuest!(here, vm);
        expect((await ended(here, operation)).ok).toBe(false);
        expect(await inspect(here)).toBe(null);
        await bed.waitFor(() => gone(there), "the end of the shell");
      },
    );

    it.skipIf(able.slowly === null || !able.killHost)(
      "a destination that dies leaves the guest running here",
      async () => {
        await start(here);
        const operation = migrate(slowly);
        await shellThere();
        bed.killHost!(there);
        expect((await ended(here, operation)).ok).toBe(false);
        expect(await inspect(here)).toMatchObject({ state: "running", pauseReason: null, job: "none" });
      },
    );

    it.skipIf(able.slowly === null || !able.killHost)(
      "a source that dies takes the shell with it",
      async () => {
        await start(here);
        migrate(slowly);
        await shellThere();
        bed.killHost!(here);
        await heard(there, "migration-in-failed");
        expect(await inspect(there)).toBe(null);
      },
    );

    it.skipIf(!able.killHost)("a destination that nobody listens at is unreachable", async () => {
      await start(here);
      const uri = uriOf(there);
      bed.killHost!(there);
      const command = { kind: "migrate", vm, uri, policy: FAST, persistent: false } as const;
      expect(await does(here, command)).toMatchObject(failure("unreachable"));
      expect(await inspect(here)).toMatchObject({ state: "running", pauseReason: null, job: "none" });
    });
  });

  describe.skipIf(!able.loseControl)(`${name}: the control connection`, () => {
    it("tells when it is lost and when it is back, and the guests have lived on", async () => {
      await start(here);
      const before = here.events.filter((event) => event.kind === "connected").length;
      bed.loseControl!(here);
      await bed.waitFor(() => here.events.some((event) => event.kind === "disconnected"), "disconnected");
      expect(await does(here, { kind: "list" })).toMatchObject(failure("unknown"));
      bed.regainControl!(here);
      const connections = () => here.events.filter((event) => event.kind === "connected").length;
      await bed.waitFor(() => connections() > before, "connected");
      expect(await inspect(here)).toMatchObject({ state: "running", stamp: vmStamp(1) });
    });

    it.skipIf(able.slowly === null)("takes migrations with it: the guest stays at the source", async () => {
      await start(here);
      const operation = migrate(slowly);
      await shellThere();
      bed.loseControl!(here);
      expect(await ended(here, operation)).toMatchObject(failure("unknown"));
      await heard(there, "migration-in-failed");
      bed.regainControl!(here);
      await bed.waitFor(() => here.events.at(-1)?.kind !== "disconnected", "connected");
      await expectRunsHere();
    });
  });

  describe.skipIf(able.slowly === null)(`${name}: the agent's death`, () => {
    if (able.agentDeath === "is-host-death") {
      it("is its host's, in the middle of a migration: nothing of the guest is left at the destination", async () => {
        await start(here);
        migrate(slowly);
        await shellThere();
        bed.killHost!(here);
        await bed.waitFor(() => gone(there), "the end of the shell");
        expect(await list(there)).toEqual([]);
      });
    } else {
      it("leaves a migration going on, and the next agent awaits it", async () => {
        await start(here);
        migrate(slowly);
        await shellThere();
        here = await bed.restartAgent!(here);
        expect(await list(here)).toMatchObject([{ vm, state: "running", job: "migrating-out" }]);
        expect(await does(here, { kind: "await-migration", vm })).toEqual({ ok: true });
        expect(await inspect(there)).toMatchObject({ state: "paused", pauseReason: "user" });
      });
    }
  });
}
