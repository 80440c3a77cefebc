import type { DesiredState, VeName } from "../../model/virtual-environment.ts";

/**
 * A VE as its owner declares it (`apiVersion: discovery/v1, kind: VirtualEnvironment`), defaults filled in. The
 * schema that documents and checks it is `api/manifest.ts`; fields that come later are refused there as *not yet*.
 */
export interface VeManifest {
  readonly name: VeName;
  readonly labels: { readonly [label: string]: string };
  readonly desired: DesiredState;
  /** 0–100; who goes first when room is short. */
  readonly priority: number;
  readonly vms: readonly VmTemplate[];
  readonly placement: {
    /** Host labels that every VM's host must have. */
    readonly require: { readonly [label: string]: string };
    readonly rules: readonly PlacementRuleSpec[];
  };
  readonly balancing: { readonly mode: "auto" | "recommend" | "off" };
  readonly migration: { readonly bandwidthMibPerSecond: number; readonly timeoutMs: number };
  readonly drain: { readonly action: "live" | "stay" };
}

/** `count` VMs of one kind: `web` with count 3 is web-0, web-1, web-2; with count 1 it is web. */
export interface VmTemplate {
  readonly name: string;
  readonly count: number;
  readonly cpus: number;
  /** MiB. */
  readonly memory: number;
  readonly boot: {
    readonly kernel: string;
    readonly initrd: string | null;
    readonly cmdline: string | null;
  } | null;
  readonly disks: readonly {
    readonly path: string;
    readonly format: "raw" | "qcow2";
    readonly readOnly: boolean;
  }[];
  readonly nics: readonly { readonly network: string; readonly mac: string | null }[];
  /** A whole libvirt domain document (`domain.fromFile`, read by the client); then only name, count 1, cpus and memory go with it. */
  readonly domainXml: string | null;
}

/** Names are VM templates (all their VMs) or single VMs (`web-0`). Always strict in this version. */
export interface PlacementRuleSpec {
  readonly kind: "apart" | "together";
  readonly vms: readonly string[];
}
