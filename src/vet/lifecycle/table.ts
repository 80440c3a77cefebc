/**
 * The lifecycle of a VE as a process: *waiting → running → terminated*. One table says what a verb does in each
 * state; the documentation shows the same table (`renderLifecycle`).
 */

import { byText } from "../../lib/order.ts";
import type { DesiredState, ObservedState } from "../../model/virtual-environment.ts";
import type { VeRecord } from "./record.ts";

/** `apply` stands for an apply that changes something else than the desired state. */
export type Verb = "apply" | "start" | "stop" | "delete";

/** What its owner wants; `deleted` is wanted for ever. */
export type Wanted = DesiredState | "deleted";

export type LifecycleAction =
  /** Nothing. */
  | "keep"
  /** Stopped VMs wait for a host: an arrival event finds them one. */
  | "place"
  /** Waiting VMs wait no longer, the others are stopped by their hosts. */
  | "stop"
  /** As stop, and the record goes with the last VM. Adopted VMs are released: unstamped, left running. */
  | "remove"
  /** The manifest's differences are carried out, each by its effect class. */
  | "change"
  /** Refused as a conflict. */
  | "refuse";

type Row = { readonly [verb in Verb]: LifecycleAction };

const DELETED: Row = { apply: "refuse", start: "refuse", stop: "keep", delete: "keep" };

export const LIFECYCLE: {
  readonly [wanted in Wanted]: { readonly [observed in ObservedState]: Row };
} = {
  running: {
    waiting: { apply: "change", start: "place", stop: "stop", delete: "remove" },
    running: { apply: "change", start: "place", stop: "stop", delete: "remove" },
    terminated: { apply: "change", start: "place", stop: "stop", delete: "remove" },
  },
  stopped: {
    waiting: { apply: "change", start: "place", stop: "keep", delete: "remove" },
    running: { apply: "change", start: "place", stop: "stop", delete: "remove" },
    terminated: { apply: "change", start: "place", stop: "keep", delete: "remove" },
  },
  deleted: { waiting: DELETED, running: DELETED, terminated: DELETED },
};

export function wantedOf(record: VeRecord): Wanted {
  return record.deleting ? "deleted" : record.manifest.desired;
}

/** Running: at least one VM may be on a host. Waiting: none is, and one is to be. Terminated: neither. */
export function observedOf(record: VeRecord): ObservedState {
  const states = new Set(record.vms.map(({ state }) => state));
  if (states.has("running") || states.has("stopping")) return "running";
  return states.has("waiting") || states.has("assigned") ? "waiting" : "terminated";
}

export function actionFor(record: VeRecord, verb: Verb): LifecycleAction {
  return LIFECYCLE[wantedOf(record)][observedOf(record)][verb];
}

const MEANING: { readonly [action in LifecycleAction]: string } = {
  keep: "nothing changes",
  place: "VMs that do not run wait for a host; an arrival event finds them one",
  stop: "waiting VMs wait no longer; the others are stopped by their hosts",
  remove:
    "as *stop*, and the record goes with the last VM; adopted VMs are released: unstamped and left running",
  change: "the differences are carried out, each by its effect class (live, restart, re-creation)",
  refuse: "refused as a conflict",
};

/** The table as a page of the reference documentation (`docs/reference/lifecycle.md`). */
export function renderLifecycle(): string {
  const verbs: readonly Verb[] = ["apply", "start", "stop", "delete"];
  const rows = Object.entries(LIFECYCLE).flatMap(([wanted, byObserved]) =>
    Object.entries(byObserved).map(
      ([observed, row]) => `| ${wanted} | ${observed} | ${verbs.map((verb) => row[verb]).join(" | ")} |`,
    ),
  );
  const meanings = Object.entries(MEANING)
    .sort(([a], [b]) => byText(a, b))
    .map(([action, meaning]) => `- **${action}**: ${meaning}.`);
  return [
    "# Lifecycle of a virtual environment",
    "",
    "What a verb does, by what is desired and what is observed. *Degraded* is a condition beside the observed state.",
    "",
    `| desired | observed | ${verbs.join(" | ")} |`,
    `|---|---|${verbs.map(() => "---|").join("")}`,
    ...rows,
    "",
    ...meanings,
    "",
  ].join("\n");
}
