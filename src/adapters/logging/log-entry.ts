/**
 * Notifications as log lines: one line per event, stable names. *error* = a human is needed, *warn* = degraded or
 * refused, *info* = what an operator would ask about, *debug* = the protocol.
 */
import type { Notification } from "../../agent/notifications.ts";

export interface LogEntry {
  readonly level: "error" | "warn" | "info" | "debug" | "trace";
  /** Dotted, never renamed. */
  readonly event: string;
  readonly message: string;
  readonly fields: { readonly [name: string]: unknown };
}

type NameOf = (node: string) => string;

export function logEntry(notification: Notification, nameOf: NameOf): LogEntry {
  switch (notification.kind) {
    case "member":
      return memberEntry(notification.change);
    case "condition":
      return conditionEntry(notification.condition);
    case "disk-space":
      return diskEntry(notification.state);
    case "drain":
      return entry("info", `host.${notification.state}`, `host ${notification.state}`, {
        reason: notification.reason,
      });
    case "join-address": {
      const { address, reason } = notification;
      if (reason === null)
        return entry("info", "network.join-address", `${address} answers`, { address, reason });
      return entry("warn", "network.join-address", `${address} cannot be joined: ${reason}`, {
        address,
        reason,
      });
    }
    case "operation":
      return operationEntry(notification.operation);
    case "event-raised":
    case "event-cleared":
    case "event-ended":
      return eventEntry(notification);
    case "booked":
    case "booking-ended":
      return bookingEntry(notification);
    case "action-started":
    case "action-ended":
    case "action-progress":
    case "action-looking":
      return actionEntry(notification, nameOf);
    case "ve-created":
    case "ve-changed":
    case "ve-deleted":
    case "ve-moving":
    case "ve-moved":
    case "ve-received":
    case "ve-vm":
      return environmentEntry(notification, nameOf);
    default:
      return partitionEntry(notification, nameOf);
  }
}

function entry(
  level: LogEntry["level"],
  event: string,
  message: string,
  fields: LogEntry["fields"] = {},
): LogEntry {
  return { level, event, message, fields };
}

function memberEntry(change: Extract<Notification, { kind: "member" }>["change"]): LogEntry {
  if (change.kind === "isolated") {
    return entry(
      "warn",
      "member.isolated",
      "this host hears nobody: its view of the others is not to be relied on",
    );
  }
  if (change.kind === "reconnected") return entry("info", "member.reconnected", "others are heard again");
  const { id, name, incarnation } = change.member;
  const fields = { peer: name, peerId: id, incarnation };
  const level =
    change.kind === "died" || change.kind === "same-name"
      ? "warn"
      : change.kind === "updated" ||
          change.kind === "refuted" ||
          change.kind === "suspected" ||
          change.kind === "cleared"
        ? "debug"
        : "info";
  return entry(level, `member.${change.kind}`, `${name} ${change.kind}`, fields);
}

function conditionEntry(condition: Extract<Notification, { kind: "condition" }>["condition"]): LogEntry {
  switch (condition.kind) {
    case "overloaded": {
      const { resource, wanted, limit } = condition;
      return entry("info", "host.overloaded", `overloaded: ${wanted} ${resource} wanted, ${limit} allowed`, {
        resource,
        wanted,
        limit,
      });
    }
    case "underloaded":
      return entry("debug", "host.underloaded", `underloaded: ${condition.wanted} mCPU wanted`, {
        wanted: condition.wanted,
      });
    case "blind":
      return entry("warn", "host.blind", `usage cannot be read: ${condition.reason}`, {
        reason: condition.reason,
      });
    case "normal":
      return entry("info", "host.normal", "within its limits");
  }
}

function diskEntry(state: Extract<Notification, { kind: "disk-space" }>["state"]): LogEntry {
  const level = state === "ample" ? "info" : "error";
  return entry(level, "disk.space", `room on the disk: ${state}`, { state });
}

function operationEntry(operation: Extract<Notification, { kind: "operation" }>["operation"]): LogEntry {
  const { name, kind, subject, state, message, failure, reason } = operation;
  const level =
    state === "failed" ? "warn" : state === "running" && operation.progress !== null ? "debug" : "info";
  return entry(level, `operation.${state}`, `${kind} ${subject}: ${message}`, {
    op: name,
    subject,
    reason,
    ...(failure === null ? {} : { failure }),
  });
}

function eventEntry(
  notification: Extract<Notification, { kind: "event-raised" | "event-cleared" | "event-ended" }>,
): LogEntry {
  if (notification.kind === "event-raised") {
    const { id, cause } = notification.event;
    return entry("info", "event.raised", `${cause.kind} event`, { eventId: id, kind: cause.kind });
  }
  if (notification.kind === "event-cleared") {
    return entry("info", "event.cleared", notification.reason, {
      eventId: notification.event,
      reason: notification.reason,
    });
  }
  const { event, outcome, retryInMs } = notification;
  const reason = "reason" in outcome ? outcome.reason : outcome.kind;
  const level = outcome.kind === "no-plan" ? "warn" : "info";
  return entry(level, "event.ended", `${outcome.kind}${"reason" in outcome ? `: ${outcome.reason}` : ""}`, {
    eventId: event,
    outcome: outcome.kind,
    reason,
    retryInMs,
  });
}

function bookingEntry(notification: Extract<Notification, { kind: "booked" | "booking-ended" }>): LogEntry {
  const { pid, token } = notification;
  if (notification.kind === "booked")
    return entry("debug", "booking.granted", `booked for ${pid}`, { partition: pid, token });
  const { why } = notification;
  return entry(why === "lapsed" ? "warn" : "debug", "booking.ended", `free again: ${why}`, {
    partition: pid,
    token,
    reason: why,
  });
}

function actionEntry(
  notification: Extract<
    Notification,
    { kind: "action-started" | "action-ended" | "action-progress" | "action-looking" }
  >,
  nameOf: NameOf,
): LogEntry {
  const { key, vm } = notification;
  if (notification.kind === "action-progress")
    return entry("debug", "migration.progress", "migrating", {
      action: key,
      vmId: vm,
      ...notification.progress,
    });
  if (notification.kind === "action-looking") {
    return entry("warn", "action.looking", `looks what became of a VM: ${notification.why}`, {
      action: key,
      vmId: vm,
      reason: notification.why,
    });
  }
  const { action, name, from, to, reason } = notification;
  const noun = action === "migrate" ? "migration" : "start";
  const fields = {
    action: key,
    vm: name,
    vmId: vm,
    from: from === null ? null : nameOf(from),
    to: nameOf(to),
    reason,
  };
  if (notification.kind === "action-started")
    return entry("info", `${noun}.started`, `${name} → ${fields.to}`, fields);
  const { outcome, role } = notification;
  if (outcome.kind === "done") {
    const durationMs = outcome.durationMs;
    return entry(role === "source" ? "info" : "debug", `${noun}.finished`, `${name} → ${fields.to} done`, {
      ...fields,
      role,
      durationMs,
    });
  }
  const level = outcome.kind === "lost" ? "error" : "warn";
  return entry(
    level,
    `${noun}.${outcome.kind}`,
    `${name} → ${fields.to} ${outcome.kind}: ${outcome.reason}`,
    { ...fields, role, why: outcome.reason },
  );
}

function environmentEntry(
  notification: Extract<Notification, { kind: `ve-${string}` }>,
  nameOf: NameOf,
): LogEntry {
  const { ve } = notification;
  switch (notification.kind) {
    case "ve-created":
      return entry("info", "ve.created", `VE ${ve} ${notification.adopted ? "adopted" : "created"}`, {
        ve,
        reason: notification.reason,
      });
    case "ve-changed": {
      const { generation, verb, reason } = notification;
      return entry("info", "ve.changed", `VE ${ve}: ${verb}`, { ve, generation, verb, reason });
    }
    case "ve-deleted":
      return entry("info", "ve.deleted", `VE ${ve} deleted`, { ve });
    case "ve-moving":
    case "ve-moved":
      return entry(
        "info",
        `ve.${notification.kind.slice(3)}`,
        `record of ${ve} → ${nameOf(notification.to)}`,
        { ve, to: nameOf(notification.to) },
      );
    case "ve-received":
      return entry("info", "ve.received", `record of ${ve} taken from ${nameOf(notification.from)}`, {
        ve,
        from: nameOf(notification.from),
      });
    case "ve-vm": {
      const { vm, domain, from, to, host, note } = notification;
      const fields = {
        ve,
        vm: domain,
        vmId: vm,
        was: from,
        is: to,
        host: host === null ? null : nameOf(host),
        reason: note,
      };
      const what = from === to ? `${to}${host === null ? "" : ` on ${nameOf(host)}`}` : `${from} → ${to}`;
      return entry("info", "vm.state", `${domain}: ${what}`, fields);
    }
  }
}

type PartitionNotification = Extract<
  Notification,
  { kind: `partition-${string}` | "wounded" | "handed-over" | "took-over" }
>;

function partitionEntry(notification: PartitionNotification, nameOf: NameOf): LogEntry {
  switch (notification.kind) {
    case "partition-planned": {
      const { pid, status, cost, bound, hosts, reason, applied, plan } = notification;
      const actions = plan.actions.map(({ kind, vm, from, to }) => ({
        kind,
        vm,
        from: from && nameOf(from),
        to: to && nameOf(to),
      }));
      const fields = {
        partition: pid,
        status,
        cost,
        bound,
        hosts: hosts.map(nameOf),
        reason,
        applied,
        actions,
      };
      return entry(
        "info",
        "partition.planned",
        `${actions.length} actions, cost ${cost} MiB (${status})`,
        fields,
      );
    }
    case "partition-ended": {
      const { pid, outcome, hosts, times, messages } = notification;
      const fields = { partition: pid, outcome: outcome.kind, hosts: hosts.map(nameOf), ...times, messages };
      return entry(
        "info",
        "partition.ended",
        `${outcome.kind}${"reason" in outcome ? `: ${outcome.reason}` : ""}`,
        fields,
      );
    }
    case "took-over":
      return entry(
        "warn",
        "partition.took-over",
        `ends a partition whose leader ${nameOf(notification.dead)} died`,
        { partition: notification.pid },
      );
    case "partition-started":
      return entry("info", "partition.started", `for ${notification.event}`, {
        partition: notification.pid,
        eventId: notification.event,
      });
    case "partition-joined":
      return entry("debug", "partition.joined", `${nameOf(notification.node)} joined`, {
        partition: notification.pid,
        peer: nameOf(notification.node),
        hosts: notification.hosts,
      });
    case "partition-busy":
      return entry(
        "debug",
        "partition.busy",
        `${nameOf(notification.node)} is held by ${notification.holder}`,
        { partition: notification.pid, holder: notification.holder },
      );
    case "partition-searched": {
      const { status, decisions, failures, hosts, vms, bestEffort, durationMs } = notification;
      return entry("debug", "solver.answered", `${status} after ${decisions} decisions`, {
        partition: notification.pid,
        status,
        decisions,
        failures,
        hosts,
        vms,
        bestEffort,
        durationMs,
      });
    }
    case "partition-unsolved":
      return entry("debug", "partition.unsolved", "no plan", {
        partition: notification.pid,
        hosts: notification.hosts.map(nameOf),
        explanation: notification.explanation,
      });
    case "wounded":
      return entry("info", "partition.wounded", `gives way to ${notification.by}`, {
        partition: notification.pid,
        by: notification.by,
      });
    case "handed-over":
      return entry("info", "event.handed-over", `handed over to ${notification.to}`, {
        eventId: notification.event,
        partition: notification.to,
      });
  }
}
