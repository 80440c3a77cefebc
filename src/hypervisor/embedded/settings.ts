import type { Millis } from "../../lib/instant.ts";
import type { Resources } from "../../model/resources.ts";
import type { Stamp, VmId } from "../../model/virtual-machine.ts";

/** What one embedded host is. */
export interface EmbeddedIdentity {
  /** Where other hosts' hypervisors send channel messages to; also its migration URI. */
  readonly address: string;
  /** Differs at every start of this host: migration ids are made of it and must never come again. */
  readonly incarnation: string;
  readonly capacity: Resources;
}

/** How embedded hosts behave; one object may be shared by all hosts of a simulation. */
export interface EmbeddedSettings {
  /** MiB/s each way; migrations out share it max-min fairly, migrations in equally. */
  readonly linkMibPerSecond: number;
  /** The guest is paused for the last copy as soon as that would take no longer than this (QEMU: 300 ms). */
  readonly maxDowntimeMs: Millis;
  /** After so many rounds the guest is paused however long the rest takes. */
  readonly maxRounds: number;
  /** A peer unheard for so long is gone (libvirt's keepalive, 5 s × 3). */
  readonly keepAliveMs: Millis;
  readonly pingMs: Millis;
  /** How long a source waits for the answer to `finish` before nobody knows; longer than `keepAliveMs`. */
  readonly finishPatienceMs: Millis;
  readonly sampleMs: Millis;
  /** How long `start` takes to answer; the guest runs from its begin. */
  readonly startMs: Millis;
  /** What guests are like that `start` creates. */
  readonly guest: GuestBehaviour;
}

/** What a guest does, as far as a host can see. */
export interface GuestBehaviour {
  /** milli-CPU it wants. */
  readonly load: number;
  /** MiB/s of its memory that it writes. */
  readonly dirtyRate: number;
  /** From the power button to its end; null: it ignores the button. */
  readonly powerOffMs: Millis | null;
}

/** A domain that is there from the beginning. */
export interface InitialDomain extends GuestBehaviour {
  readonly vm: VmId;
  readonly name: string;
  readonly cpus: number;
  /** MiB. */
  readonly memory: number;
  readonly persistent: boolean;
  readonly stamp: Stamp | null;
}

/** A 10 Gbit/s link and libvirt's own defaults. */
export const DEFAULT_SETTINGS: EmbeddedSettings = {
  linkMibPerSecond: 1000,
  maxDowntimeMs: 300,
  maxRounds: 30,
  keepAliveMs: 15_000,
  pingMs: 5_000,
  finishPatienceMs: 18_000,
  sampleMs: 1_000,
  startMs: 0,
  guest: { load: 100, dirtyRate: 0, powerOffMs: 1_000 },
};
