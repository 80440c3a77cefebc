import type { Notification } from "../../agent/notifications.ts";
import type { EventCause, EventOutcome } from "../../lrt/scheduling/event.ts";

type NameOf = (node: string) => string;
type Of<K extends Notification["kind"]> = Extract<Notification, { kind: K }>;

/** A notification as a line of a story, or null where it would only be noise. */
export function line(notification: Notification, nameOf: NameOf): string | null {
  switch (notification.kind) {
    case "member":
      return memberLine(notification);
    case "condition":
      return conditionLine(notification);
    case "disk-space":
      return `has ${notification.state} room on its disk`;
    case "event-raised":
      return `raises ${notification.event.id}: ${causeText(notification.event.cause, nameOf)}`;
    case "event-cleared":
      return `${notification.event} is off: ${notification.reason}`;
    case "event-ended":
      return endedLine(notification);
    case "drain":
      return `is ${notification.state}: ${notification.reason}`;
    case "join-address":
      return null;
    case "operation":
      return operationLine(notification);
    case "action-started":
    case "action-ended":
    case "action-looking":
    case "action-progress":
      return actionLine(notification, nameOf);
    default:
      return partitionLine(notification, nameOf);
  }
}

type ActionNotification = Of<"action-started" | "action-ended" | "action-looking" | "action-progress">;
type Rest = Exclude<
  Notification,
  | ActionNotification
  | Of<
      | "member"
      | "condition"
      | "event-raised"
      | "event-cleared"
      | "event-ended"
      | "disk-space"
      | "drain"
      | "operation"
      | "join-address"
    >
>;

function partitionLine(notification: Rest, nameOf: NameOf): string | null {
  switch (notification.kind) {
    case "partition-started":
      return `partition ${notification.pid} for ${notification.event}`;
    case "partition-joined":
      return `partition ${notification.pid} has ${nameOf(notification.node)} (hosts: ${notification.hosts})`;
    case "partition-busy":
      return busyLine(notification, nameOf);
    case "partition-planned":
      return planLine(notification, nameOf);
    case "partition-searched":
      return null;
    case "partition-unsolved":
      return `partition ${notification.pid} finds no plan on ${notification.hosts.map(nameOf).join(", ")}`;
    case "partition-ended":
      return `partition ${notification.pid} ends: ${outcomeText(notification.outcome)}`;
    case "wounded":
      return `partition ${notification.pid} gives way to ${notification.by}`;
    case "handed-over":
      return `${notification.event} is handed over to ${notification.to}`;
    case "ve-created":
      return `VE ${notification.ve} is created`;
    case "ve-changed":
      return `VE ${notification.ve}: ${notification.verb}`;
    case "ve-deleted":
      return `VE ${notification.ve} is deleted`;
    case "ve-moving":
      return null;
    case "ve-moved":
      return `the record of VE ${notification.ve} is with ${nameOf(notification.to)} now`;
    case "ve-received":
      return `takes the record of VE ${notification.ve} from ${nameOf(notification.from)}`;
    case "ve-vm":
      return `${notification.ve}.${notification.name}: ${notification.from} → ${notification.to}`;
    case "took-over":
      return `ends ${notification.pid}, which ${nameOf(notification.dead)} led (epoch ${notification.partitionEpoch})`;
    case "booked":
      return null;
    case "booking-ended":
      return notification.why === "released" ? null : `is free of ${notification.pid}: ${notification.why}`;
  }
}

function busyLine({ pid, node, holder, slotted }: Of<"partition-busy">, nameOf: NameOf): string {
  return `partition ${pid} finds ${nameOf(node)} held by ${holder}${slotted ? ", waits for its turn" : ""}`;
}

function planLine({ pid, status, plan, applied }: Of<"partition-planned">, nameOf: NameOf): string {
  const host = (node: string | null): string => (node === null ? "" : nameOf(node));
  const actions = plan.actions.map(
    ({ kind, vm, from, to }) => `${kind} ${vm} ${[host(from), host(to)].filter(Boolean).join(" → ")}`,
  );
  return `partition ${pid} plans (${status}${applied ? "" : ", only recommended"}): ${actions.join(", ")}`;
}

function endedLine({ event, outcome, retryInMs }: Of<"event-ended">): string {
  const later =
    retryInMs === null ? (outcome.kind === "no-plan" ? "; waits for a change" : "") : "; tried again later";
  return `${event} ends: ${outcomeText(outcome)}${later}`;
}

function operationLine({ operation }: Of<"operation">): string | null {
  const { kind, subject, state, message, failure } = operation;
  if (state === "running") return message.includes("; blocked: ") ? `${kind} ${subject}: ${message}` : null;
  return `${kind} ${subject} ${state}: ${failure === null ? message : (failure.reason ?? failure.message)}`;
}

function memberLine({ change }: Of<"member">): string | null {
  if (change.kind === "isolated") return "hears nobody any more";
  if (change.kind === "reconnected") return "hears others again";
  if (change.kind === "died") return `sees that ${change.member.name} is dead`;
  if (change.kind === "returned") return `sees that ${change.member.name} is back`;
  if (change.kind === "left") return `sees that ${change.member.name} has left`;
  return null;
}

function conditionLine({ condition }: Of<"condition">): string {
  switch (condition.kind) {
    case "overloaded":
      return `is overloaded: ${condition.wanted} ${unit(condition.resource)} of ${condition.resource} wanted, ${condition.limit} allowed`;
    case "underloaded":
      return `is underloaded: ${condition.wanted} mCPU wanted`;
    case "blind":
      return `is blind: ${condition.reason}`;
    case "normal":
      return "is within its limits";
  }
}

function causeText(cause: EventCause, nameOf: NameOf): string {
  switch (cause.kind) {
    case "overload":
      return `${cause.wanted} ${unit(cause.resource)} of ${cause.resource} wanted, ${cause.limit} allowed`;
    case "underload":
      return `${cause.wanted} mCPU wanted`;
    case "arrival":
      return `VE ${cause.ve}: ${cause.vms.map(({ spec }) => spec.name).join(", ")}`;
    case "drain":
      return "everything must leave";
    case "violation":
      return cause.rule;
    case "move":
      return `${cause.vm} to ${cause.to === null ? "another host" : nameOf(cause.to)}`;
  }
}

function unit(resource: string): string {
  return resource === "cpu" ? "mCPU" : "MiB";
}

function outcomeText(outcome: EventOutcome): string {
  switch (outcome.kind) {
    case "solved":
      return outcome.migrations === 1 ? "solved, 1 action" : `solved, ${outcome.migrations} actions`;
    case "best-effort":
      return `better, not good (actions: ${outcome.migrations}): ${outcome.reason}`;
    case "handed-over":
      return `handed over to ${outcome.to}`;
    default:
      return `${outcome.kind}: ${outcome.reason}`;
  }
}

function actionLine(notification: ActionNotification, nameOf: NameOf): string | null {
  switch (notification.kind) {
    case "action-started":
      return `${notification.action === "run" ? "starts" : "sends"} ${notification.vm}${where(notification, nameOf)}`;
    case "action-ended":
      return actionEnded(notification, nameOf);
    case "action-looking":
      return `looks what became of ${notification.vm}: ${notification.why}`;
    case "action-progress":
      return null;
  }
}

function where({ from, to }: Of<"action-started" | "action-ended">, nameOf: NameOf): string {
  return from === null ? "" : ` to ${nameOf(to)}`;
}

function actionEnded(ended: Of<"action-ended">, nameOf: NameOf): string {
  const { vm, outcome, role, from, action } = ended;
  if (outcome.kind === "done") {
    if (action === "run") return `${vm} runs`;
    return role === "source" ? `${vm} has left${where(ended, nameOf)}` : `${vm} has arrived`;
  }
  const other = role === "source" ? where(ended, nameOf) : ` from ${nameOf(from ?? "")}`;
  return `${vm}${other}: ${outcome.kind}, ${outcome.reason}`;
}
