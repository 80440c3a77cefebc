/** How many migrations hosts and links bear at once, and who has the places. */
import type { Dense } from "./dense.ts";
import { SITE } from "./problem.ts";
import type { Step } from "./step.ts";

const MIGRATIONS_PER_HOST = 2;

export function slotsOfHost({ problem }: Dense, host: number): number {
  return problem.hosts[host]?.concurrency ?? problem.plan?.migrationsPerHost ?? MIGRATIONS_PER_HOST;
}

export interface Slot {
  freeAt: number;
  lastUser: number;
}

/** The slots of one plan: each migration takes one of its source, its destination and the link between their sites. */
export class Slots {
  readonly #dense: Dense;
  readonly #slots = new Map<string, Slot[]>();

  constructor(dense: Dense) {
    this.#dense = dense;
  }

  /** The slots free first; those in `taken` are left to the others that start at the same time. */
  choose({ from, to }: Step, taken: ReadonlySet<Slot>): readonly Slot[] {
    const chosen = [
      this.#first(`host ${from}`, slotsOfHost(this.#dense, from), taken),
      this.#first(`host ${to}`, slotsOfHost(this.#dense, to), taken),
    ];
    const link = this.#link(from, to);
    return link === null ? chosen : [...chosen, this.#first(link.name, link.slots, taken)];
  }

  #link(from: number, to: number): { readonly name: string; readonly slots: number } | null {
    const { problem } = this.#dense;
    const slots = problem.plan?.migrationsBetweenSites;
    const a = problem.hosts[from]?.labels[SITE] ?? "";
    const b = problem.hosts[to]?.labels[SITE] ?? "";
    if (slots === undefined || a === b) return null;
    return { name: `link ${JSON.stringify([a, b].sort())}`, slots };
  }

  #first(name: string, count: number, taken: ReadonlySet<Slot>): Slot {
    let slots = this.#slots.get(name);
    if (slots === undefined) {
      slots = Array.from({ length: count }, () => ({ freeAt: 0, lastUser: -1 }));
      this.#slots.set(name, slots);
    }
    const free = slots.filter((slot) => !taken.has(slot));
    return (free.length > 0 ? free : slots).reduce((first, slot) =>
      slot.freeAt < first.freeAt ? slot : first,
    );
  }
}
