/** What a person sees of a demonstration: a story of lines, bars per host, and a summary. */
import type { EventLine, HostView } from "../src/api/views.ts";

const colour = process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;
const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = (text: string): string => paint(1, text);
export const dim = (text: string): string => paint(2, text);
const red = (text: string): string => paint(31, text);
const green = (text: string): string => paint(32, text);
const yellow = (text: string): string => paint(33, text);

const BAR = 30;

export interface Move {
  readonly vm: string;
  readonly from: string | null;
  readonly to: string;
  readonly reason: string;
  readonly durationMs: number;
}

export interface PartitionTimes {
  readonly partition: string;
  readonly hosts: readonly string[];
  readonly waitMs: number;
  readonly buildMs: number;
  readonly computeMs: number;
  readonly applyMs: number;
}

export class Story {
  readonly moves: Move[] = [];
  readonly partitions: PartitionTimes[] = [];
  readonly #start = performance.now();

  say(text: string): void {
    const seconds = ((performance.now() - this.#start) / 1000).toFixed(1).padStart(6);
    process.stdout.write(`${dim(`${seconds} s`)}  ${text}\n`);
  }

  /** One line of the agents' event streams. */
  tell(host: string, line: EventLine): void {
    if (line.kind !== "Event") return;
    const event = line as EventLine & Record<string, unknown>;
    switch (event["event"]) {
      case "host.overloaded":
        return this.say(
          red(`${host} is overloaded: ${event["wanted"]} mCPU wanted, ${event["limit"]} allowed`),
        );
      case "partition.started":
        return this.say(yellow(`${host} looks for help`));
      case "partition.joined":
        return this.say(`  ${event["peer"]} is reserved (${event["hosts"]} hosts)`);
      case "partition.planned": {
        const actions = event["actions"] as readonly unknown[];
        return this.say(
          yellow(`  plan: ${actions.length} actions, ${event["cost"]} MiB to move (${event["status"]})`),
        );
      }
      case "migration.started":
        return this.say(`  ${event["vm"]}  ${event["from"]} → ${event["to"]} …`);
      case "migration.finished":
        if (event["role"] !== "source") return;
        this.moves.push(event as unknown as Move);
        return this.say(
          green(
            `  ${event["vm"]}  ${event["from"]} → ${event["to"]} in ${seconds(event["durationMs"] as number)}`,
          ),
        );
      case "migration.failed":
        return this.say(red(`  ${event["vm"]} stays: ${event["why"]}`));
      case "partition.ended":
        this.partitions.push(event as unknown as PartitionTimes);
        return this.say(`  ${host}'s partition ends: ${event["outcome"]}`);
    }
  }

  bars(title: string, hosts: readonly HostView[]): void {
    process.stdout.write(`\n${bold(title)}\n`);
    for (const { name, report } of hosts) {
      if (report === null) continue;
      const share = report.wanted.cpu / report.capacity.cpu;
      const filled = Math.min(BAR, Math.round(share * BAR));
      const bar = "█".repeat(filled) + "░".repeat(BAR - filled);
      const tint = share > 1 ? red : share > 0.9 ? yellow : green;
      const percent = `${Math.round(share * 100)} %`.padStart(6);
      process.stdout.write(
        `  ${name.padEnd(5)}${tint(bar)} ${percent}  ${String(report.managedVms).padStart(2)} VMs\n`,
      );
    }
    process.stdout.write("\n");
  }

  summary(before: readonly HostView[], after: readonly HostView[], peak: readonly HostView[]): void {
    process.stdout.write(`${bold("Summary")}\n`);
    process.stdout.write(dim(`  host   at rest   loaded    after\n`));
    for (const host of after) {
      const row = [before, peak, after].map((views) => shareOf(views.find(({ name }) => name === host.name)));
      process.stdout.write(`  ${host.name.padEnd(6)}${row.map((text) => text.padStart(8)).join("  ")}\n`);
    }
    process.stdout.write(`\n${dim("  VM              from → to     took    why")}\n`);
    for (const { vm, from, to, durationMs, reason } of this.moves) {
      process.stdout.write(
        `  ${vm.padEnd(15)} ${from} → ${to}  ${seconds(durationMs).padStart(8)}    ${reason}\n`,
      );
    }
    for (const { partition, hosts, waitMs, buildMs, computeMs, applyMs } of this.partitions) {
      const shortName = partition.slice(-12);
      const parts = `waited ${waitMs} ms, built in ${buildMs} ms, computed in ${computeMs} ms, applied in ${seconds(applyMs)}`;
      process.stdout.write(dim(`  partition …${shortName}: ${hosts.length} hosts; ${parts}\n`));
    }
  }
}

function shareOf(host: HostView | undefined): string {
  const report = host?.report;
  return report === null || report === undefined
    ? "?"
    : `${Math.round((report.wanted.cpu / report.capacity.cpu) * 100)} %`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
