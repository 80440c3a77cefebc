/** What the journal and its worker thread say to each other. */
import type { Failure } from "../../lib/error.ts";
import type { PersistId } from "../../ports/effects.ts";
import type { Restored, RowChange } from "./database.ts";
import type { SpaceState } from "./space.ts";

export type ToWorker =
  | { readonly kind: "write"; readonly id: PersistId; readonly changes: readonly RowChange[] }
  | { readonly kind: "close" };

export type FromWorker =
  | { readonly kind: "opened"; readonly restored: Restored; readonly space: SpaceState }
  | { readonly kind: "refused"; readonly failure: Failure }
  | { readonly kind: "persisted"; readonly ids: readonly PersistId[] }
  | { readonly kind: "space"; readonly state: SpaceState }
  | { readonly kind: "broken"; readonly failure: Failure };
