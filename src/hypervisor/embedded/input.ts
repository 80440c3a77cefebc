import type { Instant, Millis } from "../../lib/instant.ts";
import type { Resources } from "../../model/resources.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { HypervisorCommand, HypervisorEvent, HypervisorOutcome, MigrationProgress } from "../command.ts";
import type { EmbeddedChannelMessage } from "./channel.ts";

/** Everything that can happen to an embedded hypervisor. */
export type EmbeddedInput =
  | { readonly kind: "command"; readonly operation: number; readonly command: HypervisorCommand }
  | { readonly kind: "message"; readonly from: string; readonly message: EmbeddedChannelMessage }
  /** The channel to a peer broke and both sides can know (TCP's FIN); a silent loss is not told. */
  | { readonly kind: "closed"; readonly peer: string }
  /** The time of the last `wake-at` has come. An early one is answered by another `wake-at`. */
  | { readonly kind: "wake" }
  | { readonly kind: "world"; readonly control: WorldControl };

/** What the world does to a host, beside its agent: for demos, tests and the simulator. Unknown VMs: nothing. */
export type WorldControl =
  | { readonly kind: "set-load"; readonly vm: VmId; readonly load: number }
  | { readonly kind: "set-dirty-rate"; readonly vm: VmId; readonly dirtyRate: number }
  | { readonly kind: "set-power-off"; readonly vm: VmId; readonly powerOffMs: Millis | null }
  /** `killed`: its process dies (a shell's, too). `panicked`: it is dead but its domain stays, crashed. */
  | { readonly kind: "crash"; readonly vm: VmId; readonly how: "killed" | "panicked" }
  /** The guest powers itself off. */
  | { readonly kind: "power-off"; readonly vm: VmId }
  /** An operator pauses the guest. During a migration the guest runs at the destination nevertheless. */
  | { readonly kind: "suspend"; readonly vm: VmId }
  /** The guest is paused for a reason of its own (QEMU: an I/O error) until that has gone. */
  | { readonly kind: "stall-guest"; readonly vm: VmId }
  | { readonly kind: "unstall-guest"; readonly vm: VmId }
  | { readonly kind: "set-capacity"; readonly capacity: Resources }
  | { readonly kind: "set-usage-readable"; readonly readable: boolean }
  /** What is asked of its domains (`list`, `inspect`) is answered so much later, as it was when it was asked. */
  | { readonly kind: "set-reading-ms"; readonly readingMs: Millis }
  /** The control daemon comes up (a hypervisor begins disconnected), or a new client opens a connection to it. */
  | { readonly kind: "connect" }
  /** The control daemon dies; guests live on. */
  | { readonly kind: "disconnect"; readonly reason: string }
  /** The control daemon hangs (SIGSTOP) until `unstall`; guests live on. */
  | { readonly kind: "stall" }
  | { readonly kind: "unstall" };

/** What the shell round the model must do, in order. */
export type EmbeddedEffect =
  | { readonly kind: "completed"; readonly operation: number; readonly outcome: HypervisorOutcome }
  | { readonly kind: "progressed"; readonly operation: number; readonly progress: MigrationProgress }
  | { readonly kind: "event"; readonly event: HypervisorEvent }
  | { readonly kind: "send"; readonly to: string; readonly message: EmbeddedChannelMessage }
  /** Hand in `wake` then, once; it replaces the one told before; null: not needed. */
  | { readonly kind: "wake-at"; readonly at: Instant | null };
