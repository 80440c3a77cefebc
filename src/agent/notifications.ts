import type { MembershipChange } from "../dnt/membership/change.ts";
import type { LrtNotification } from "../lrt/notifications.ts";
import type { Operation } from "../model/operation.ts";
import type { VetNotification } from "../vet/notifications.ts";

/** What became true in an agent. The core does not log: the daemon turns these into logs, metrics and events. */
export type Notification =
  | LrtNotification
  | VetNotification
  | { readonly kind: "member"; readonly change: MembershipChange }
  /** An address of network.join answers no longer, or again (`reason` null). */
  | { readonly kind: "join-address"; readonly address: string; readonly reason: string | null }
  | { readonly kind: "operation"; readonly operation: Operation }
  | { readonly kind: "drain"; readonly state: "draining" | "drained" | "restored"; readonly reason: string };
