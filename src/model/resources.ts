/** An amount of what a host has and a VM wants. Integers only: decisions never depend on rounding. */
export interface Resources {
  /** milli-CPU: 1000 is one core. */
  readonly cpu: number;
  /** MiB. */
  readonly memory: number;
}

export type ResourceName = keyof Resources;

export function fits(demand: Resources, room: Resources): boolean {
  return demand.cpu <= room.cpu && demand.memory <= room.memory;
}
