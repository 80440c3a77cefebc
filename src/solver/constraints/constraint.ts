/**
 * A relative rule inside the search: it follows every arrival and departure with counters, says how far it is
 * from holding, and names VMs of which at least one must stand elsewhere.
 */
export interface Constraint {
  /** Index of its rule in the problem. */
  readonly rule: number;
  /** 0: strict; otherwise what breaking it costs. */
  readonly weight: number;
  /** VMs whose every arrival and departure it must hear of. */
  readonly vms: readonly number[];
  /** Hosts on which it must hear of every VM; `vms` is then ignored. Absent: none. */
  readonly hosts?: readonly number[];
  enter(vm: number, host: number): void;
  leave(vm: number, host: number): void;
  /** 0 when the rule holds; never grows when one of its VMs stands nowhere. */
  excess(): number;
  /** Whether the VM (which stands nowhere now) could stand on the host without raising the excess. */
  admits(vm: number, host: number): boolean;
  /** VMs of which at least one stands elsewhere in every placement that holds the rule. Asked when it does not hold. */
  conflict(): readonly number[];
}

/** Where a VM stands, as the constraints need it. */
export interface Places {
  readonly at: Int32Array;
}
