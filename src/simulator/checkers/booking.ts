import type { Notification } from "../../agent/notifications.ts";
import type { AgentEffect } from "../../agent/turn.ts";
import type { SimulatedHost } from "../world/host.ts";
import type { CheckedWorld, Checker } from "./checker.ts";

/**
 * Invariants 1, 2, 3, 6, 8, 9: tokens only grow; a hypervisor is told to migrate or to start only under the node's
 * current token, into a host that has promised to take it; a VM is in one running action at a time; when everything
 * has settled no node is reserved and nothing is half done.
 */
export class BookingChecker implements Checker {
  readonly name = "booking";
  readonly #tokens = new Map<string, number>();
  /** VM → the action that moves it now, by the host that carries it out. */
  readonly #running = new Map<string, { readonly key: string; readonly host: string }>();

  notified(host: SimulatedHost, notification: Notification): readonly string[] {
    switch (notification.kind) {
      case "booked":
        return this.#booked(host.id, notification.token);
      case "action-started": {
        const other = this.#running.get(notification.vm);
        this.#running.set(notification.vm, { key: notification.key, host: host.id });
        const twice = other !== undefined && other.key !== notification.key && host.agent !== null;
        return twice ? [`${notification.vm} is moved by ${other.key} and by ${notification.key}`] : [];
      }
      case "action-ended":
        if (this.#running.get(notification.vm)?.key === notification.key) {
          this.#running.delete(notification.vm);
        }
        return [];
      default:
        return [];
    }
  }

  effect(host: SimulatedHost, effect: AgentEffect, world: CheckedWorld): readonly string[] {
    if (effect.kind !== "hypervisor") return [];
    const { command } = effect;
    if (command.kind !== "migrate" && command.kind !== "start") return [];
    const vm = command.kind === "migrate" ? command.vm : command.spec.id;
    const agent = host.agent;
    const intent = agent?.lrt.participant
      .open()
      .find(({ order, role }) => order.vm === vm && role !== "destination");
    if (agent === null || intent === undefined)
      return [`${host.id} is told to ${command.kind} ${vm} without an intent`];
    const booking = agent.lrt.desk.booking;
    if (booking?.token !== intent.token)
      return [`${host.id} acts on ${vm} under token ${intent.token}, its booking has ${booking?.token}`];
    const { what, key } = intent.order;
    const destination = what.kind === "migrate" ? world.host(what.to)?.agent : null;
    if (destination === null || destination === undefined) return [];
    const promised = destination.lrt.participant.open().some(({ order }) => order.key === key);
    return promised ? [] : [`${what.to} has not promised to take ${vm} under ${key}`];
  }

  settled(world: CheckedWorld): readonly string[] {
    return world.hosts.flatMap((host) => {
      const lrt = host.agent?.lrt;
      if (lrt === undefined) return [];
      const wrong: string[] = [];
      if (lrt.desk.booking !== null) wrong.push(`${host.id} is still reserved for ${lrt.desk.booking.pid}`);
      for (const { order } of lrt.participant.open()) wrong.push(`${host.id} still has ${order.key} open`);
      return wrong;
    });
  }

  #booked(host: string, token: number): readonly string[] {
    const last = this.#tokens.get(host) ?? 0;
    this.#tokens.set(host, token);
    return token > last ? [] : [`${host} booked under token ${token} after ${last}`];
  }
}
