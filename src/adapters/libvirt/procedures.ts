/**
 * libvirt's remote procedures, one to one: name, number, arguments and result as in remote_protocol.x (read for
 * libvirt 9.0.0; numbers and layouts are ABI and never change). To add one, add its line here.
 *
 * `urgent` is libvirt's own mark "priority: high" (such calls never wait for a guest's monitor, and the daemon keeps
 * workers apart for them); the connection keeps room for them when slow calls fill it. Deviation: DomainAbortJob is
 * urgent here, because it must get past the job that it aborts.
 *
 * Members have the protocol's names in lower camel case. Memory is in KiB, times of CPUs in ns, jobs in ms and bytes.
 */
import {
  type Codec,
  characters,
  flags,
  type Given,
  int,
  type Layout,
  list,
  opaque,
  optional,
  string,
  struct,
  type Taken,
  uhyper,
  uint,
  uuid,
} from "./codec.ts";
import { typedParams } from "./typed-params.ts";

const DOMAIN_LIST_MAX = 16_384;
const MIGRATE_COOKIE_MAX = 4_194_304;
const MIGRATE_PARAM_LIST_MAX = 64;
const NODE_STATS_MAX = 16;
const DOMAIN_STATS_MAX = 262_144;
const AUTH_TYPE_LIST_MAX = 20;
const NODE_MODEL_CHARACTERS = 32;
export const JOB_STATS_MAX = 64;

/** A domain as libvirt names it. The daemon goes by `uuid`; `id` is -1 when it does not run. */
export const domain = struct({ name: string, uuid, id: int });
export type Domain = ReturnType<typeof domain.read>;

const domains = list(domain, DOMAIN_LIST_MAX);
const domainStatsRecord = struct({ dom: domain, params: typedParams(DOMAIN_STATS_MAX) });
const nodeStats = list(struct({ field: string, value: uhyper }), NODE_STATS_MAX);
const domainSnapshot = struct({ name: string, dom: domain });

interface Procedure<A extends Layout, R extends Layout> {
  readonly number: number;
  readonly urgent: boolean;
  readonly args: Codec<Given<A>, Taken<A>>;
  readonly ret: Codec<Given<R>, Taken<R>>;
}

const procedure =
  (urgent: boolean) =>
  <const A extends Layout, const R extends Layout>(number: number, args: A, ret: R): Procedure<A, R> => ({
    number,
    urgent,
    args: struct(args),
    ret: struct(ret),
  });
const urgent = procedure(true);
const ordinary = procedure(false);

export const procedures = {
  ConnectOpen: urgent(1, { name: optional(string), flags }, {}),
  ConnectClose: urgent(2, {}, {}),
  AuthList: urgent(66, {}, { types: list(int, AUTH_TYPE_LIST_MAX) }),
  ConnectSupportsFeature: urgent(60, { feature: int }, { supported: int }),
  ConnectGetVersion: urgent(4, {}, { hvVer: uhyper }),
  ConnectGetLibVersion: urgent(157, {}, { libVer: uhyper }),
  ConnectGetHostname: urgent(59, {}, { hostname: string }),
  ConnectGetCapabilities: ordinary(7, {}, { capabilities: string }),
  ConnectGetDomainCapabilities: ordinary(
    342,
    {
      emulatorbin: optional(string),
      arch: optional(string),
      machine: optional(string),
      virttype: optional(string),
      flags,
    },
    { capabilities: string },
  ),
  ConnectListAllDomains: urgent(273, { needResults: int, flags }, { domains, ret: uint }),
  ConnectGetAllDomainStats: ordinary(
    344,
    { doms: domains, stats: uint, flags },
    { retStats: list(domainStatsRecord, DOMAIN_LIST_MAX) },
  ),

  DomainLookupByName: urgent(23, { name: string }, { dom: domain }),
  DomainLookupByUUID: urgent(24, { uuid }, { dom: domain }),
  DomainGetState: urgent(212, { dom: domain, flags }, { state: int, reason: int }),
  DomainGetInfo: ordinary(
    16,
    { dom: domain },
    { state: int, maxMem: uhyper, memory: uhyper, nrVirtCpu: int, cpuTime: uhyper },
  ),
  DomainGetXMLDesc: ordinary(14, { dom: domain, flags }, { xml: string }),

  DomainCreateXML: ordinary(10, { xmlDesc: string, flags }, { dom: domain }),
  DomainDefineXMLFlags: urgent(350, { xml: string, flags }, { dom: domain }),
  DomainCreateWithFlags: ordinary(196, { dom: domain, flags }, { dom: domain }),
  DomainUndefineFlags: urgent(231, { dom: domain, flags }, {}),
  DomainDestroyFlags: urgent(234, { dom: domain, flags }, {}),
  DomainShutdownFlags: ordinary(258, { dom: domain, flags }, {}),
  DomainSuspend: ordinary(34, { dom: domain }, {}),
  DomainResume: ordinary(28, { dom: domain }, {}),

  DomainSetMetadata: ordinary(
    264,
    {
      dom: domain,
      type: int,
      metadata: optional(string),
      key: optional(string),
      uri: optional(string),
      flags,
    },
    {},
  ),
  DomainGetMetadata: ordinary(
    265,
    { dom: domain, type: int, uri: optional(string), flags },
    { metadata: string },
  ),

  /**
   * With `MigrateFlags.peerToPeer` this one call is all of virDomainMigrateToURI3: the source's daemon does the rest,
   * also when this client has gone. `dconnuri` is the destination's URI as the source's host sees it.
   */
  DomainMigratePerform3Params: ordinary(
    305,
    {
      dom: domain,
      dconnuri: optional(string),
      params: typedParams(MIGRATE_PARAM_LIST_MAX),
      cookieIn: opaque(MIGRATE_COOKIE_MAX),
      flags,
    },
    { cookieOut: opaque(MIGRATE_COOKIE_MAX) },
  ),
  DomainMigrateSetMaxSpeed: ordinary(207, { dom: domain, bandwidth: uhyper, flags }, {}),
  DomainMigrateSetMaxDowntime: ordinary(166, { dom: domain, downtime: uhyper, flags }, {}),
  DomainGetJobStats: ordinary(298, { dom: domain, flags }, { type: int, params: typedParams(JOB_STATS_MAX) }),
  DomainGetJobInfo: ordinary(
    163,
    { dom: domain },
    {
      type: int,
      timeElapsed: uhyper,
      timeRemaining: uhyper,
      dataTotal: uhyper,
      dataProcessed: uhyper,
      dataRemaining: uhyper,
      memTotal: uhyper,
      memProcessed: uhyper,
      memRemaining: uhyper,
      fileTotal: uhyper,
      fileProcessed: uhyper,
      fileRemaining: uhyper,
    },
  ),
  DomainAbortJob: urgent(164, { dom: domain }, {}),

  DomainSaveFlags: ordinary(232, { dom: domain, to: string, dxml: optional(string), flags }, {}),
  DomainRestoreFlags: ordinary(233, { from: string, dxml: optional(string), flags }, {}),
  DomainSnapshotCreateXML: ordinary(185, { dom: domain, xmlDesc: string, flags }, { snap: domainSnapshot }),

  NodeGetInfo: urgent(
    6,
    {},
    {
      model: characters(NODE_MODEL_CHARACTERS),
      memory: uhyper,
      cpus: int,
      mhz: int,
      nodes: int,
      sockets: int,
      cores: int,
      threads: int,
    },
  ),
  /** Ask with `nparams` 0 first: the result's `nparams` is how many to ask for. `cpuNum` -1: all together. */
  NodeGetCPUStats: urgent(227, { cpuNum: int, nparams: int, flags }, { params: nodeStats, nparams: int }),
  /** As `NodeGetCPUStats`; `cellNum` -1: all together. */
  NodeGetMemoryStats: urgent(228, { nparams: int, cellNum: int, flags }, { params: nodeStats, nparams: int }),

  /** Prefer `subscribe` of the connection, which also takes in the events. `dom` null: of all domains. */
  ConnectDomainEventCallbackRegisterAny: urgent(
    316,
    { eventID: int, dom: optional(domain) },
    { callbackID: int },
  ),
  ConnectDomainEventCallbackDeregisterAny: urgent(317, { callbackID: int }, {}),
} as const;

export type ProcedureName = keyof typeof procedures;
/** What a call of `N` takes. */
export type Arguments<N extends ProcedureName> = Parameters<(typeof procedures)[N]["args"]["write"]>[1];
/** What a call of `N` gives. */
export type Result<N extends ProcedureName> = ReturnType<(typeof procedures)[N]["ret"]["read"]>;
