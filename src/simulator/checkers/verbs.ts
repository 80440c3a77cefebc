/** What operators ask of a VE is carried out once at the most, however often it is repeated on its way. */
import type { Command } from "../../agent/commands.ts";
import type { Notification } from "../../agent/notifications.ts";
import type { SimulatedHost } from "../world/host.ts";
import { type Checker, NOTHING_WRONG } from "./checker.ts";

export class VerbChecker implements Checker {
  readonly name = "verbs";
  /** By verb and VE: how often it was asked for and has not been carried out. */
  readonly #open = new Map<string, number>();

  asked(command: Command): void {
    const what = wordsOf(command);
    if (what !== null) this.#open.set(what, (this.#open.get(what) ?? 0) + 1);
  }

  notified(host: SimulatedHost, notification: Notification): readonly string[] {
    const what = deedOf(notification);
    if (what === null) return NOTHING_WRONG;
    const open = this.#open.get(what) ?? 0;
    this.#open.set(what, open - 1);
    return open > 0 ? NOTHING_WRONG : [`${host.id} carries out ${what}, which nobody asks for any more`];
  }
}

function wordsOf(command: Command): string | null {
  switch (command.type) {
    case "ve.apply":
      return `ve-apply ${command.manifest.name}`;
    case "ve.start":
    case "ve.stop":
    case "ve.delete":
      return `${command.type.replace(".", "-")} ${command.name}`;
    default:
      return null;
  }
}

function deedOf(notification: Notification): string | null {
  if (notification.kind === "ve-created") return `ve-apply ${notification.ve}`;
  return notification.kind === "ve-changed" ? `${notification.verb} ${notification.ve}` : null;
}
