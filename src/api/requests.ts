import type { BalancingMode } from "../lrt/config.ts";
import type { OperationName } from "../model/operation.ts";
import type { VeName } from "../model/virtual-environment.ts";

interface Nothing {
  readonly [key: string]: never;
}

interface Reasoned {
  /** Why, for the history and the logs of whoever looks later. */
  readonly reason?: string;
}

/** What each route takes: path parameters, query and body are one object. */
export interface Requests {
  status: Nothing;
  version: Nothing;
  doctor: Nothing;
  /** Hosts by name or id: as if `drain` were to be emptied, and `down` gone. */
  capture: { readonly drain?: readonly string[]; readonly down?: readonly string[] };
  "host.list": Nothing;
  "host.show": { readonly host: string };
  "host.drain": { readonly host: string; readonly dryRun?: boolean } & Reasoned;
  "host.restore": { readonly host: string } & Reasoned;
  "host.rtt": Nothing;
  "vm.list": Nothing;
  "vm.show": { readonly vm: string };
  "vm.migrate": { readonly vm: string; readonly to?: string } & Reasoned;
  "vm.history": { readonly vm: string };
  "explain.vm": { readonly vm: string };
  "ve.apply": ApplyRequest & Reasoned;
  "ve.plan": ApplyRequest;
  "ve.list": Nothing;
  "ve.show": { readonly name: VeName };
  "ve.export": { readonly name: VeName };
  "ve.start": { readonly name: VeName } & Reasoned;
  "ve.stop": { readonly name: VeName; readonly graceMs?: number } & Reasoned;
  "ve.delete": { readonly name: VeName; readonly graceMs?: number } & Reasoned;
  "ve.adopt": {
    readonly name: VeName;
    readonly host?: string;
    readonly domains: readonly string[];
  } & Reasoned;
  "balance.status": Nothing;
  "balance.mode": { readonly mode: BalancingMode };
  "embedded.load": EmbeddedLoad;
  "op.list": Nothing;
  "op.show": { readonly name: OperationName };
  "op.cancel": { readonly name: OperationName };
}

interface ApplyRequest {
  /** The manifest as its file has it; `domain.fromFile` already replaced by `domain.xml`. */
  readonly manifest: { readonly [key: string]: unknown };
  /** Refused as a conflict unless the VE is at this generation; 0: it must not exist. */
  readonly ifGeneration?: number;
  readonly allowRestart?: boolean;
}

/** A guest, by id or domain name, and how much CPU it wants. */
export interface EmbeddedLoad {
  readonly guest: string;
  readonly milliCpu: number;
}

/** Not the agent's business: the embedded hypervisor takes it. */
export interface EmbeddedCommand extends EmbeddedLoad {
  readonly type: "embedded.load";
}
