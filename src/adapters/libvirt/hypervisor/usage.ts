/**
 * From two readings of a domain's counters to what it used and what it wanted.
 *
 * `used` is the CPU time between the readings. What a guest wanted is not measured by anybody: libvirt tells how long
 * each virtual processor stood ready without getting a processor (`vcpu.N.delay`: the run queue's wait, with contention
 * and the cgroup's throttling in it). What the guest would have done in that time lies between two bounds:
 *
 *   at least   what it does when it is free: used × waited / (elapsed − waited)
 *              (the formula of A. Gulati et al., "VMware Distributed Resource Management", VMTJ 1(1), 2012)
 *   at most    to run all the time: waited
 *
 * Work that piles up while it waits is at the upper bound, work that is skipped is at the lower; `wanted` takes the
 * middle, which halves the worst error. Without waiting both are nothing and `wanted` is exact.
 */
import type { DomainUsage } from "../../../hypervisor/domain.ts";
import type { Millis } from "../../../lib/instant.ts";
import type { VmId } from "../../../model/virtual-machine.ts";
import type { TypedParams } from "../index.ts";

/** Counters of one domain at one moment, in nanoseconds. */
export interface CpuReading {
  readonly used: bigint;
  /** By virtual processor. */
  readonly processors: readonly { readonly used: bigint; readonly waited: bigint }[];
  /** MiB. */
  readonly memory: number;
}

const NS_PER_MS = 1_000_000;
const KIB_PER_MIB = 1024;
/** As many as QEMU's machines have; more is nonsense. */
const PROCESSORS_MAX = 4096;

/** null: the daemon did not tell enough (a domain that is going, a QEMU that hangs). */
export function readingOf(params: TypedParams): CpuReading | null {
  try {
    const used = params.bigint("cpu.time");
    const memory = params.bigint("balloon.current");
    const count = params.number("vcpu.maximum");
    if (used === undefined || memory === undefined || count === undefined) return null;
    if (count < 1 || count > PROCESSORS_MAX) return null;
    const processors = processorsOf(params, count);
    if (processors.length === 0) return null;
    return { used, processors, memory: Math.ceil(Number(memory) / KIB_PER_MIB) };
  } catch {
    return null; // a value of another type or size than libvirt documents
  }
}

/** Processors that are unplugged have no counters. */
function processorsOf(params: TypedParams, count: number): CpuReading["processors"] {
  return Array.from({ length: count }, (_, i) => ({
    used: params.bigint(`vcpu.${i}.time`),
    waited: params.bigint(`vcpu.${i}.delay`) ?? 0n,
  })).filter((processor): processor is { used: bigint; waited: bigint } => processor.used !== undefined);
}

/** null: the readings are not of one life of the domain, or no time has passed. */
export function usageBetween(
  vm: VmId,
  before: CpuReading,
  after: CpuReading,
  elapsed: Millis,
): DomainUsage | null {
  const span = elapsed * NS_PER_MS;
  if (!(span > 0) || after.processors.length !== before.processors.length) return null;
  const processors = after.processors.map((now, i) => delta(before.processors[i] ?? now, now, span));
  const total = Number(after.used - before.used);
  if (total < 0 || processors.some((one) => one === null)) return null;
  const waits = processors.map((one) => one ?? { used: 0, waited: 0 });
  const limit = processors.length * 1000;
  const used = Math.min(limit, Math.round((total * 1000) / span));
  const missed = missedOf(waits, total, span);
  const wanted = Math.min(limit, Math.round(((total + missed) * 1000) / span));
  return { vm, used, wanted: Math.max(used, wanted), memory: after.memory };
}

interface ProcessorDelta {
  readonly used: number;
  readonly waited: number;
}

/** null: a counter went back. */
function delta(
  before: CpuReading["processors"][number],
  now: CpuReading["processors"][number],
  span: number,
): ProcessorDelta | null {
  const used = Number(now.used - before.used);
  const waited = Number(now.waited - before.waited);
  if (used < 0 || waited < 0) return null;
  return { used: Math.min(used, span), waited: Math.min(waited, span) };
}

/**
 * Nanoseconds of work that waiting kept from being done. The processors' own times come in steps of 10 ms, the
 * domain's total is exact: with a single processor the total stands in for it.
 */
function missedOf(processors: readonly ProcessorDelta[], total: number, span: number): number {
  let missed = 0;
  for (const processor of processors) {
    const used = Math.min(span, processors.length === 1 ? total : processor.used);
    const waited = Math.min(processor.waited, span - used);
    const free = span - waited;
    const least = free > 0 ? (used * waited) / free : waited;
    missed += (least + waited) / 2;
  }
  return missed;
}
