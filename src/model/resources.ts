/** An amount of what a host has and a VM wants. Integers only: decisions never depend on rounding. */
export interface Resources {
  /** milli-CPU: 1000 is one core. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
}

export const NOTHING: Resources = { cpu: 0, memory: 0 };

export const RESOURCE_NAMES = ["cpu", "memory"] as const;
export type ResourceName = (typeof RESOURCE_NAMES)[number];

export function plus(a: Resources, b: Resources): Resources {
  return { cpu: a.cpu + b.cpu, memory: a.memory + b.memory };
}

export function minus(a: Resources, b: Resources): Resources {
  return { cpu: a.cpu - b.cpu, memory: a.memory - b.memory };
}

export function total(items: Iterable<Resources>): Resources {
  let sum = NOTHING;
  for (const item of items) sum = plus(sum, item);
  return sum;
}

export function fits(demand: Resources, room: Resources): boolean {
  return demand.cpu <= room.cpu && demand.memory <= room.memory;
}
