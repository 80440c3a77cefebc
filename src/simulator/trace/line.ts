import type { Notification } from "../../agent/notifications.ts";
import type { EventOutcome } from "../../lrt/scheduling/event.ts";

/** A notification as a line of a story, or null where it would only be noise. */
export function line(notification: Notification, nameOf: (node: string) => string): string | null {
  switch (notification.kind) {
    case "member":
      return memberLine(notification.change);
    case "condition":
      return conditionLine(notification.condition);
    case "disk-space":
      return `room on the disk: ${notification.state}`;
    case "event-raised":
      return `event ${notification.event.id} raised`;
    case "event-cleared":
      return `event ${notification.event} cleared: ${notification.reason}`;
    case "event-ended": {
      const retry = notification.retryInMs === null ? "" : ", will be tried again";
      return `event ${notification.event} ended: ${outcomeText(notification.outcome)}${retry}`;
    }
    case "partition-started":
      return `partition ${notification.pid} started for ${notification.event}`;
    case "partition-joined":
      return `partition ${notification.pid} + ${nameOf(notification.node)} (${notification.hosts} hosts)`;
    case "partition-busy":
      return `partition ${notification.pid}: ${nameOf(notification.node)} is held by ${notification.holder}${notification.slotted ? ", waits for it" : ""}`;
    case "partition-planned":
      return `partition ${notification.pid} plan (${notification.status}): ${notification.plan.actions
        .map(
          ({ kind, vm, from, to }) =>
            `${kind} ${vm} ${from === null ? "" : `${nameOf(from)} `}→ ${to === null ? "" : nameOf(to)}`,
        )
        .join(", ")}`;
    case "partition-unsolved":
      return `partition ${notification.pid} finds no plan on ${notification.hosts.map(nameOf).join(", ")}`;
    case "partition-ended":
      return `partition ${notification.pid} ended: ${outcomeText(notification.outcome)}`;
    case "wounded":
      return `partition ${notification.pid} gives way to ${notification.by}`;
    case "handed-over":
      return `event ${notification.event} handed over to ${notification.to}`;
    case "took-over":
      return `takes ${notification.pid} over, ${nameOf(notification.dead)} is dead`;
    case "booked":
      return `booked for ${notification.pid}, token ${notification.token}`;
    case "booking-ended":
      return `free again (${notification.why})`;
    case "action-started":
      return `${notification.action} ${notification.name} → ${nameOf(notification.to)} starts`;
    case "action-ended":
      return `${notification.action} ${notification.name} → ${nameOf(notification.to)}: ${actionOutcome(notification)}`;
    case "action-looking":
      return `looks what became of ${notification.vm}: ${notification.why}`;
    case "drain":
      return `host ${notification.state}: ${notification.reason}`;
    case "operation":
      return notification.operation.state === "running"
        ? null
        : `operation ${notification.operation.kind} ${notification.operation.subject} ${notification.operation.state}: ${notification.operation.message}`;
    case "action-progress":
      return null;
    case "ve-created":
      return `VE ${notification.ve} created`;
    case "ve-changed":
      return `VE ${notification.ve}: ${notification.verb}`;
    case "ve-deleted":
      return `VE ${notification.ve} deleted`;
    case "ve-moving":
      return null;
    case "ve-moved":
      return `record of VE ${notification.ve} → ${nameOf(notification.to)}`;
    case "ve-received":
      return `record of VE ${notification.ve} taken from ${nameOf(notification.from)}`;
    case "ve-vm":
      return `${notification.ve}.${notification.name}: ${notification.from} → ${notification.to}`;
  }
}

function memberLine(change: Extract<Notification, { kind: "member" }>["change"]): string | null {
  if (change.kind === "isolated" || change.kind === "reconnected") return change.kind;
  if (change.kind === "updated" || change.kind === "refuted" || change.kind === "same-name") return null;
  return `${change.member.name} ${change.kind}`;
}

function conditionLine(condition: Extract<Notification, { kind: "condition" }>["condition"]): string {
  switch (condition.kind) {
    case "overloaded":
      return `overloaded: ${condition.wanted} of ${condition.limit} ${condition.resource}`;
    case "underloaded":
      return `underloaded: ${condition.wanted} cpu`;
    case "blind":
      return `blind: ${condition.reason}`;
    case "normal":
      return "normal";
  }
}

function outcomeText(outcome: EventOutcome): string {
  switch (outcome.kind) {
    case "solved":
      return `solved with ${outcome.migrations} actions`;
    case "handed-over":
      return `handed over to ${outcome.to}`;
    default:
      return `${outcome.kind}: ${outcome.reason}`;
  }
}

function actionOutcome({ outcome, role }: Extract<Notification, { kind: "action-ended" }>): string {
  if (outcome.kind !== "done") return `${outcome.kind} (${outcome.reason}) [${role}]`;
  return role === "destination" ? "arrived" : "done";
}
