import type { Constraint } from "./constraint.ts";

/** One rule made of several constraints: it holds when they all do. */
export class Compound implements Constraint {
  readonly rule: number;
  readonly weight: number;
  readonly vms: readonly number[];
  readonly hosts?: readonly number[];
  readonly #parts: readonly Constraint[];
  readonly #hears: readonly ReadonlySet<number>[];

  /** @param parts all about VMs, or all about hosts. */
  constructor(rule: number, weight: number, parts: readonly Constraint[]) {
    this.rule = rule;
    this.weight = weight;
    this.#parts = parts;
    this.#hears = parts.map((part) => new Set(part.hosts ?? part.vms));
    this.vms = [...new Set(parts.flatMap((part) => part.vms))];
    if (parts.some((part) => part.hosts !== undefined)) {
      this.hosts = [...new Set(parts.flatMap((part) => part.hosts ?? []))];
    }
  }

  enter(vm: number, host: number): void {
    for (const part of this.#concerned(vm, host)) part.enter(vm, host);
  }

  leave(vm: number, host: number): void {
    for (const part of this.#concerned(vm, host)) part.leave(vm, host);
  }

  excess(): number {
    return this.#parts.reduce((sum, part) => sum + part.excess(), 0);
  }

  admits(vm: number, host: number): boolean {
    return this.#concerned(vm, host).every((part) => part.admits(vm, host));
  }

  conflict(): readonly number[] {
    return this.#parts.find((part) => part.excess() > 0)?.conflict() ?? [];
  }

  #concerned(vm: number, host: number): readonly Constraint[] {
    return this.#parts.filter(
      (part, i) => this.#hears[i]?.has(part.hosts === undefined ? vm : host) === true,
    );
  }
}
