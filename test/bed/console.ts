/**
 * A guest's serial console on one host: commands through QEMU's socket, what was said from QEMU's log file. The guest
 * answers every command with "ok …"; the connection is closed only after that, so no command is lost.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { connect } from "node:net";
import { until } from "./run.ts";

const TAIL_BYTES = 8192;

export class GuestConsole {
  readonly #socket: string;
  readonly #log: string;

  constructor(socket: string, log: string) {
    this.#socket = socket;
    this.#log = log;
  }

  /** Sends one command line (guest/guest.c lists them) and resolves with the guest's answer. */
  send(command: string, deadlineMs = 10_000): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const socket = connect(this.#socket, () => socket.write(`${command}\n`));
    let heard = "";
    const alarm = setTimeout(
      () => socket.destroy(new Error(`guest did not answer "${command}" within ${deadlineMs} ms`)),
      deadlineMs,
    );
    socket.setEncoding("utf8").on("data", (text: string) => {
      heard += text;
      const answer = /^(ok \w+.*|no such command)\r?\n/m.exec(heard)?.[1];
      if (answer === undefined) return;
      resolve(answer);
      socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => {
      clearTimeout(alarm);
      reject(new Error(`console closed before the guest answered "${command}"`));
    });
    return promise;
  }

  /** The last 8 KiB that the guest said on this host; empty when it never ran here. */
  tail(): string {
    try {
      const file = openSync(this.#log, "r");
      const buffer = Buffer.alloc(TAIL_BYTES);
      const length = readSync(file, buffer, 0, TAIL_BYTES, Math.max(0, fstatSync(file).size - TAIL_BYTES));
      closeSync(file);
      return buffer.toString("utf8", 0, length);
    } catch {
      return "";
    }
  }

  /** Seconds of guest time that the guest has counted, as last said here; undefined when it said none here. */
  lastTick(): number | undefined {
    return this.ticks().at(-1);
  }

  /** The ticks in `tail`, oldest first. */
  ticks(): number[] {
    return [...this.tail().matchAll(/^tick (\d+)\r?\n/gm)].map(([, count]) => Number(count));
  }

  /** Resolves with the match as soon as `tail` has one. */
  waitFor(pattern: RegExp, deadlineMs = 30_000): Promise<RegExpExecArray> {
    const what = `console says ${pattern}`;
    return until(what, () => pattern.exec(this.tail()) ?? undefined, deadlineMs);
  }
}
