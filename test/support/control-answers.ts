/** What an agent of a small cluster would answer: three hosts, of which one is silent. */
import type { Command } from "../../src/agent/commands.ts";
import type { EmbeddedCommand } from "../../src/api/requests.ts";
import type {
  Change,
  Coverage,
  HostReport,
  HostView,
  OperationView,
  StatusView,
  VeAnswer,
  VeView,
  VmView,
} from "../../src/api/views.ts";
import { fail, ok, type Result } from "../../src/lib/error.ts";
import type { VeManifest } from "../../src/vet/lifecycle/manifest.ts";

export const COVERAGE: Coverage = {
  hostsKnown: 3,
  hostsAnswered: 2,
  unreachable: [{ host: "h3", state: "suspect", lastHeardMs: 43_000 }],
};

const report: HostReport = {
  capacity: { cpu: 16_000, memory: 65_536 },
  wanted: { cpu: 3200, memory: 12_800 },
  condition: { kind: "normal" },
  vms: 7,
  managedVms: 5,
  hypervisor: "embedded",
  sampleAgoMs: 400,
  drain: "no",
  partition: null,
  events: [],
};

const overloaded: HostReport = {
  ...report,
  wanted: { cpu: 17_000, memory: 1536 },
  condition: { kind: "overloaded", resource: "cpu", wanted: 17_000, limit: 16_000, since: 5 },
  vms: 12,
  partition: "p1",
};

const host = (name: string, rest: Partial<HostView>): HostView => ({
  id: `12D3Koo${name}`,
  name,
  state: "alive",
  labels: { site: "rennes" },
  version: "0.1.0",
  rttMs: 0.42,
  drain: "no",
  report,
  ...rest,
});

export const HOSTS: readonly HostView[] = [
  host("h1", { rttMs: null }),
  host("h2", { report: overloaded, labels: { site: "rennes", rack: "r2" } }),
  host("h3", { state: "suspect", report: null, rttMs: 12.6, drain: "draining" }),
];

const STATUS: StatusView = {
  id: "12D3Kooh1",
  name: "h1",
  version: "0.1.0",
  members: { alive: 2, suspect: 1, dead: 0, left: 0 },
  isolated: false,
  mode: "auto",
  report,
  operationsRunning: 1,
};

const vm = (name: string, rest: Partial<VmView>): VmView => ({
  id: `id-of-${name}`,
  name,
  ve: "shop",
  host: "h1",
  state: "running",
  cpus: 2,
  demand: { cpu: 1500, memory: 2048 },
  pinned: null,
  migration: null,
  ...rest,
});

export const VMS: readonly VmView[] = [
  vm("shop.web-0", { migration: { from: "h1", to: "h2", reason: "overload" } }),
  vm("shop.db", { host: "h2", cpus: 4, demand: { cpu: 250, memory: 8192 } }),
  vm("mail", { ve: null, state: "paused", pinned: "not managed", demand: { cpu: 0, memory: 512 } }),
];

export const operation = (rest: Partial<OperationView> = {}): OperationView => ({
  name: "h1-1.7",
  kind: "vm-migrate",
  subject: "shop.web-0",
  state: "running",
  message: "copying memory",
  progress: { done: 1, total: 2 },
  failure: null,
  reason: "maintenance",
  host: "h1",
  startedAgoMs: 12_000,
  endedAgoMs: null,
  ...rest,
});

export const MANIFEST: VeManifest = {
  name: "shop",
  labels: { tier: "prod" },
  desired: "running",
  priority: 50,
  vms: [
    {
      name: "web",
      count: 2,
      cpus: 2,
      memory: 2048,
      boot: null,
      disks: [{ path: "/srv/web.qcow2", format: "qcow2", readOnly: false }],
      nics: [{ network: "default", mac: null }],
      domainXml: null,
    },
  ],
  placement: { require: { site: "rennes" }, rules: [{ kind: "apart", vms: ["web"] }] },
  balancing: { mode: "auto" },
  migration: { bandwidthMibPerSecond: 0, timeoutMs: 300_000 },
  drain: { action: "live" },
};

const VE: VeView = {
  name: "shop",
  handler: "h1-3",
  home: "h1",
  generation: 4,
  desired: "running",
  observed: "running",
  degraded: null,
  adopted: false,
  priority: 50,
  labels: { tier: "prod" },
  vms: [
    {
      name: "web-0",
      id: "id-of-shop.web-0",
      handler: "h1-3-1",
      domain: "shop.web-0",
      state: "running",
      host: "h1",
      note: null,
      heardAgoMs: 2_000,
    },
    {
      name: "web-1",
      id: "id-of-shop.web-1",
      handler: "h1-3-2",
      domain: "shop.web-1",
      state: "waiting",
      host: null,
      note: "no host yet",
      heardAgoMs: null,
    },
  ],
  waitingFor: "no host has 8GiB free",
  operation: null,
  movingTo: null,
};

const CHANGES: readonly Change[] = [
  { path: "vms.web-2", from: null, to: "2 cpus, 2048 MiB", effect: "start" },
  { path: "vms.web.memory", from: "2048", to: "4096", effect: "restart" },
  { path: "vms.db", from: "db", to: null, effect: "stop" },
  { path: "desired", from: '"stopped"', to: '"running"', effect: "start" },
];

function veAnswer(name: string, operation: string | null): VeAnswer {
  const changed = operation !== null;
  return { name, generation: 4, changed, changes: CHANGES, warnings: ["web-2 may wait"], operation };
}

/** Operations end at their second look. */
export function answers(): (command: Command | EmbeddedCommand) => Result<unknown> {
  let looks = 0;
  return (command) => {
    switch (command.type) {
      case "status":
        return ok(STATUS);
      case "doctor":
        return ok({
          host: "h1",
          checks: [
            { name: "state directory", state: "ok", message: "/var/lib/discovery is private" },
            { name: "clock", state: "failed", message: "it jumped by 3s", hint: "run a time service" },
          ],
        });
      case "host.list":
        return ok({ items: HOSTS, coverage: COVERAGE });
      case "host.show":
        return named(HOSTS, HOSTS.find(({ id }) => id === command.host)?.name ?? command.host, "host");
      case "host.rtt":
        return ok({
          items: [
            { from: "h1", to: "h2", rttMs: 0.4 },
            { from: "h2", to: "h1", rttMs: 12.6 },
          ],
          coverage: COVERAGE,
        });
      case "host.drain":
        return command.dryRun === true
          ? ok({
              host: "h1",
              vms: [
                { name: "shop.web-0", target: "h2", blocker: null },
                { name: "shop.db", target: null, blocker: "its VE says: drain action stay" },
              ],
              stay: ["mail"],
              records: 1,
            })
          : ok({ operation: "h1-1.8" });
      case "host.restore":
        return ok({ state: "no" });
      case "capture":
        return ok({
          item: {
            instance: { format: "vmr-instance/2", hosts: [], vms: [], rules: [], objective: "memory" },
            warnings: [],
          },
          coverage: { hostsKnown: 2, hostsAnswered: 2, unreachable: [] },
        });
      case "vm.list":
        return ok({ items: VMS, coverage: { hostsKnown: 2, hostsAnswered: 2, unreachable: [] } });
      case "vm.show":
        return named(VMS, command.vm, "VM");
      case "vm.history":
        return ok({
          items: [
            {
              action: "h2#1.1@4/0",
              vm: "id",
              name: command.vm,
              what: "migrate",
              from: "h2",
              to: "h1",
              reason: "overload of h2: cpu",
              outcome: "done",
              agoMs: 130_000,
              durationMs: 4300,
            },
          ],
          coverage: COVERAGE,
        });
      case "explain.vm":
        return ok({
          item: {
            vm: command.vm,
            summary: "it runs on h1 since h2 was overloaded",
            decisions: [{ what: "migrate h2 → h1", reason: "overload of h2: cpu", agoMs: 130_000 }],
            hosts: [{ host: "h2", possible: false, why: "cpu: 17 of 16 cores are wanted" }],
          },
          coverage: COVERAGE,
        });
      case "ve.apply":
        return ok(veAnswer(command.manifest.name, command.dryRun === true ? null : "h1-1.9"));
      case "ve.list":
        return ok({ items: [VE], coverage: COVERAGE });
      case "ve.show":
        return command.name === "shop" ? ok(VE) : named([], command.name, "VE");
      case "ve.start":
      case "ve.stop":
      case "ve.delete":
      case "ve.adopt":
        return ok({ ...veAnswer(command.name, "h1-1.7"), changes: [], warnings: [] });
      case "ve.export":
        return ok(MANIFEST);
      case "balance.status":
        return ok({
          mode: "auto",
          hosts: [
            {
              host: "h1",
              condition: "normal",
              cpu: { wanted: 3200, capacity: 16_000 },
              memory: { wanted: 1, capacity: 4 },
              partition: null,
            },
          ],
          reasons: [
            {
              event: "h2/overload/4",
              about: "h2 is overloaded (cpu)",
              reason: "no host has room for db",
              agoMs: 61_000,
            },
          ],
        });
      case "balance.mode":
        return ok({ item: { mode: command.mode }, coverage: COVERAGE });
      case "embedded.load":
        return ok({ guest: command.guest, milliCpu: command.milliCpu });
      case "op.list":
        return ok({ items: [operation()], coverage: COVERAGE });
      case "op.cancel":
        return ok(operation({ name: command.name, state: "cancelled", endedAgoMs: 0 }));
      case "op.show":
        return ok(ended(command.name, ++looks));
      default:
        return ok({ operation: "h1-1.7" });
    }
  };
}

function ended(name: string, looks: number): OperationView {
  if (looks < 2 || name === "endless") return operation({ name });
  const failure = {
    code: "unplaceable",
    message: "db cannot be placed",
    reason: "no host has 8GiB",
    hint: "add memory",
  } as const;
  if (name === "doomed")
    return operation({ name, state: "failed", message: failure.message, failure, endedAgoMs: 0 });
  return operation({ name, state: "succeeded", message: "done", progress: null, endedAgoMs: 0 });
}

function named<T extends { readonly name: string }>(
  items: readonly T[],
  name: string,
  what: string,
): Result<T> {
  const found = items.find((item) => item.name === name);
  if (found !== undefined) return ok(found);
  return fail({
    code: "not-found",
    message: `there is no ${what} ${name}`,
    hint: `discoveryctl ${what.toLowerCase()} list`,
  });
}
