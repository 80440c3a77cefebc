import { beforeEach, describe, expect, it } from "vitest";
import { Commands, type CommandsDependencies } from "../../../../src/adapters/libvirt/hypervisor/commands.ts";
import { outcomeOf } from "../../../../src/adapters/libvirt/hypervisor/failures.ts";
import { OutgoingMigrations } from "../../../../src/adapters/libvirt/hypervisor/outgoing.ts";
import { type CallOptions, ErrorCode, LibvirtError } from "../../../../src/adapters/libvirt/index.ts";
import { vmId, vmSpec, vmStamp } from "../../../support/virtual-machines.ts";

const CAPABILITIES = "<domainCapabilities><path>/bin/qemu</path><arch>x86_64</arch></domainCapabilities>";
const LATE = { ok: false, failure: { code: "failed", message: "its time was over before it could begin" } };

/** Each answer of the daemon takes so long. */
const ANSWER_MS = 10_000;
let now: number;
let calls: { readonly name: string; readonly options: CallOptions | undefined }[];

/** A daemon without the domain when it is looked for to be started, and with it when it is to be sent away. */
function daemon(answers: { readonly [name: string]: unknown }) {
  return {
    call: async (name: string, _args: unknown, options?: CallOptions) => {
      calls.push({ name, options });
      now += ANSWER_MS;
      if (!(name in answers)) throw new LibvirtError(name, { code: ErrorCode.noDomain } as never);
      return answers[name];
    },
    close: async () => {},
    on: () => {},
  };
}

const clock = { now: () => now, at: () => () => {} };
const begun = () => calls.filter(({ name }) => /Create|Perform/.test(name));

beforeEach(() => {
  now = 1_000;
  calls = [];
});

describe("what is to begin by an instant that the way to the daemon outlasts", () => {
  const start = (by: number) => {
    const client = daemon({
      ConnectGetDomainCapabilities: { capabilities: CAPABILITIES },
      DomainCreateXML: {},
    });
    const deps = { client, clock, report: () => {} } as unknown as CommandsDependencies;
    const config = {
      socketPath: "",
      uri: "",
      migrationUri: "",
      sampleMs: 1_000,
      domainType: "qemu",
    } as const;
    const command = { kind: "start", spec: vmSpec(1), stamp: vmStamp(1) } as const;
    return new Commands(config, deps).run(command, () => {}, by).catch(outcomeOf);
  };

  const migrate = (by: number) => {
    const connection = daemon({
      DomainLookupByUUID: { dom: {} },
      DomainGetState: { state: 1, reason: 1 },
      DomainMigratePerform3Params: {},
    });
    const outgoing = new OutgoingMigrations(
      { connect: async () => connection as never, clock, changed: () => {} },
      {},
    );
    const policy = { bandwidthMibPerSecond: 0, timeoutMs: 60_000 };
    const command = {
      kind: "migrate",
      vm: vmId(1),
      uri: "qemu+tcp://there/system",
      policy,
      persistent: false,
    } as const;
    return outgoing.run(command, () => {}, by);
  };

  it("does not begin: a start", async () => {
    expect(await start(20_000)).toEqual(LATE);
    expect(begun()).toEqual([]);
  });

  it("does not begin: a migration", async () => {
    expect(await migrate(20_000)).toEqual(LATE);
    expect(begun()).toEqual([]);
  });

  it("begins when there is time left, and waits no longer than that for a place among the calls", async () => {
    expect(await start(40_000)).toEqual({ ok: true });
    expect(await migrate(now + 25_000)).toEqual({ ok: true });
    expect(begun()).toMatchObject([
      { name: "DomainCreateXML", options: { sendWithinMs: 9_000 } },
      { name: "DomainMigratePerform3Params", options: { sendWithinMs: 5_000 } },
    ]);
  });
});
