/**
 * The control API as one table. Server, client, OpenAPI document, reference page and tests read it; nothing else
 * knows a path. Shapes are named here and defined in `requests.ts` and `schemas.ts`, so that the client can know
 * the routes without loading the schemas.
 */
import type { Requests } from "./requests.ts";
import type {
  BalanceView,
  CaptureView,
  DoctorView,
  DrainPreview,
  ExplainView,
  HistoryEntry,
  HostView,
  OperationView,
  RttView,
  Started,
  StatusView,
  VeAnswer,
  VersionView,
  VeView,
  VmView,
} from "./views.ts";

export const API_VERSION = "discovery/v1";

/** What each route answers: an item, or a list of items. */
export interface Answers {
  status: StatusView;
  version: VersionView;
  doctor: DoctorView;
  capture: CaptureView;
  "host.list": readonly HostView[];
  "host.show": HostView;
  "host.drain": Started | DrainPreview;
  "host.restore": { readonly state: string };
  "host.rtt": readonly RttView[];
  "vm.list": readonly VmView[];
  "vm.show": VmView;
  "vm.migrate": Started;
  "vm.history": readonly HistoryEntry[];
  "explain.vm": ExplainView;
  "ve.apply": VeAnswer;
  "ve.plan": VeAnswer;
  "ve.list": readonly VeView[];
  "ve.show": VeView;
  "ve.export": { readonly [key: string]: unknown };
  "ve.start": VeAnswer;
  "ve.stop": VeAnswer;
  "ve.delete": VeAnswer;
  "ve.adopt": VeAnswer;
  "balance.status": BalanceView;
  "balance.mode": { readonly mode: string };
  "embedded.load": { readonly guest: string; readonly milliCpu: number };
  "op.list": readonly OperationView[];
  "op.show": OperationView;
  "op.cancel": OperationView;
}

export type RouteId = keyof Answers & keyof Requests;

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** `{name}` are parameters, taken from the request's field of that name. */
  readonly path: string;
  readonly access: "read" | "admin";
  readonly answer: "item" | "list";
  /** The `kind` of the answer, and the name of its schema. */
  readonly kind: string;
  readonly summary: string;
}

const read = { access: "read" } as const;
const admin = { access: "admin" } as const;
const item = { answer: "item" } as const;
const list = { answer: "list" } as const;
const GET = { method: "GET" } as const;
const POST = { method: "POST" } as const;
const PUT = { method: "PUT" } as const;
const DELETE = { method: "DELETE" } as const;

export const ROUTES: { readonly [id in RouteId]: Route } = {
  status: {
    ...GET,
    path: "/v1/status",
    ...read,
    ...item,
    kind: "Status",
    summary: "This host and what it knows of the others.",
  },
  version: {
    ...GET,
    path: "/v1/version",
    ...read,
    ...item,
    kind: "Version",
    summary: "The program that answers.",
  },
  doctor: {
    ...GET,
    path: "/v1/doctor",
    ...read,
    ...item,
    kind: "Doctor",
    summary: "Checks of this host's installation.",
  },
  capture: {
    ...GET,
    path: "/v1/capture",
    ...read,
    ...item,
    kind: "Capture",
    summary: "The live infrastructure as an instance of the solver, with what-if edits. Changes nothing.",
  },
  "host.list": { ...GET, path: "/v1/hosts", ...read, ...list, kind: "Host", summary: "All hosts." },
  "host.show": { ...GET, path: "/v1/hosts/{host}", ...read, ...item, kind: "Host", summary: "One host." },
  "host.drain": {
    ...POST,
    path: "/v1/hosts/{host}/drain",
    ...admin,
    ...item,
    kind: "Drain",
    summary: "Moves everything away from a host; with dryRun, says what would move where.",
  },
  "host.restore": {
    ...POST,
    path: "/v1/hosts/{host}/restore",
    ...admin,
    ...item,
    kind: "Restore",
    summary: "Ends a drain: the host takes VMs again. Nothing moves back by itself.",
  },
  "host.rtt": {
    ...GET,
    path: "/v1/rtt",
    ...read,
    ...list,
    kind: "Rtt",
    summary: "Round trips between hosts.",
  },
  "vm.list": {
    ...GET,
    path: "/v1/vms",
    ...read,
    ...list,
    kind: "Vm",
    summary: "All VMs, those without a VE too.",
  },
  "vm.show": { ...GET, path: "/v1/vms/{vm}", ...read, ...item, kind: "Vm", summary: "One VM." },
  "vm.migrate": {
    ...POST,
    path: "/v1/vms/{vm}/migrate",
    ...admin,
    ...item,
    kind: "Started",
    summary: "Moves a VM, live.",
  },
  "vm.history": {
    ...GET,
    path: "/v1/vms/{vm}/history",
    ...read,
    ...list,
    kind: "HistoryEntry",
    summary: "What happened to a VM.",
  },
  "explain.vm": {
    ...GET,
    path: "/v1/explain/vms/{vm}",
    ...read,
    ...item,
    kind: "Explanation",
    summary: "Why a VM is where it is.",
  },
  "ve.apply": {
    ...POST,
    path: "/v1/ves",
    ...admin,
    ...item,
    kind: "VeAnswer",
    summary: "Brings a VE to what its manifest says.",
  },
  "ve.plan": {
    ...POST,
    path: "/v1/ves/plan",
    ...read,
    ...item,
    kind: "VeAnswer",
    summary: "What apply would change. Changes nothing.",
  },
  "ve.list": { ...GET, path: "/v1/ves", ...read, ...list, kind: "Ve", summary: "All VEs." },
  "ve.show": { ...GET, path: "/v1/ves/{name}", ...read, ...item, kind: "Ve", summary: "One VE." },
  "ve.export": {
    ...GET,
    path: "/v1/ves/{name}/manifest",
    ...read,
    ...item,
    kind: "VirtualEnvironment",
    summary: "A VE's manifest, as apply takes it.",
  },
  "ve.start": {
    ...POST,
    path: "/v1/ves/{name}/start",
    ...admin,
    ...item,
    kind: "Started",
    summary: "Starts a VE.",
  },
  "ve.stop": {
    ...POST,
    path: "/v1/ves/{name}/stop",
    ...admin,
    ...item,
    kind: "Started",
    summary: "Stops a VE's VMs: asks, then insists.",
  },
  "ve.delete": {
    ...DELETE,
    path: "/v1/ves/{name}",
    ...admin,
    ...item,
    kind: "Started",
    summary: "Stops a VE and forgets it. Disks are kept.",
  },
  "ve.adopt": {
    ...POST,
    path: "/v1/ves/{name}/adopt",
    ...admin,
    ...item,
    kind: "Started",
    summary: "Makes running domains a VE, without touching them.",
  },
  "balance.status": {
    ...GET,
    path: "/v1/balance",
    ...read,
    ...item,
    kind: "Balance",
    summary: "Load per host, and why nothing moves.",
  },
  "balance.mode": {
    ...PUT,
    path: "/v1/balance/mode",
    ...admin,
    ...item,
    kind: "BalanceMode",
    summary: "Sets what overload leads to, on all hosts.",
  },
  "embedded.load": {
    ...PUT,
    path: "/v1/embedded/guests/{guest}/load",
    ...admin,
    ...item,
    kind: "EmbeddedLoad",
    summary: "What a guest of this host's embedded hypervisor wants from now on: for demonstrations.",
  },
  "op.list": {
    ...GET,
    path: "/v1/operations",
    ...read,
    ...list,
    kind: "Operation",
    summary: "Long work: running, and lately ended.",
  },
  "op.show": {
    ...GET,
    path: "/v1/operations/{name}",
    ...read,
    ...item,
    kind: "Operation",
    summary: "One operation.",
  },
  "op.cancel": {
    ...POST,
    path: "/v1/operations/{name}/cancel",
    ...admin,
    ...item,
    kind: "Operation",
    summary: "Calls an operation off.",
  },
};

/** Answered by the socket itself, outside the table: an NDJSON stream and the OpenAPI document. */
export const EVENTS_PATH = "/v1/events";
export const OPENAPI_PATH = "/v1/openapi.json";

/** The names in braces. */
export function parametersOf(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
}
