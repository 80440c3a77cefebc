import type { Millis } from "../../lib/instant.ts";
import type { Stamp, VmId } from "../../model/virtual-machine.ts";

/** What a destination needs in order to hold the shell of an incoming guest. */
export interface ShellSpec {
  readonly vm: VmId;
  readonly name: string;
  readonly cpus: number;
  /** MiB. */
  readonly memory: number;
  readonly persistent: boolean;
  readonly stamp: Stamp | null;
}

/** What travels with the last copy: the guest as it is at that moment. */
export interface HandedGuest {
  readonly stamp: Stamp | null;
  readonly load: number;
  readonly dirtyRate: number;
  readonly powerOffMs: Millis | null;
  /** It was asked to power off and will have done so after this; null: it was not asked. */
  readonly powersOffInMs: Millis | null;
}

/**
 * What two embedded hypervisors say to each other (libvirtd to libvirtd). JSON; messages may be lost, late
 * and out of order. `share` is in KiB/s: what the destination's link has for this migration.
 */
export type EmbeddedChannelMessage =
  /** Source to destination. */
  | { readonly kind: "prepare"; readonly migration: string; readonly shell: ShellSpec }
  | { readonly kind: "ping"; readonly migration: string; readonly sequence: number }
  | {
      readonly kind: "finish";
      readonly migration: string;
      /** Of the shell that is to run the guest: no other does. */
      readonly ticket: string;
      readonly guest: HandedGuest;
    }
  | { readonly kind: "cancel"; readonly migration: string }
  /** Destination to source. */
  | {
      readonly kind: "prepared";
      readonly migration: string;
      /** Names this shell; no other at any time, even if `prepare` arrives again after a reboot. */
      readonly ticket: string;
      readonly share: number;
    }
  | { readonly kind: "share"; readonly migration: string; readonly share: number }
  | {
      readonly kind: "pong";
      readonly migration: string;
      readonly sequence: number;
      readonly share: number;
    }
  /** No shell, or no longer; before `finish` it means that the guest stays where it is. */
  | {
      readonly kind: "refused";
      readonly migration: string;
      readonly code: RefusalCode;
      readonly message: string;
    }
  /** The only word about how `finish` ended. */
  | { readonly kind: "finished"; readonly migration: string; readonly runs: boolean };

export type RefusalCode = "exists" | "failed" | "unreachable";
