/**
 * The order in which a partition's leader asks its neighbours: nearest first. Operators' labels say where a
 * host is, coarsest difference first; measured round trips order what the labels leave equal, in powers of
 * two, so that noise does not reorder; a hash of both ids breaks ties, so each node has an order of its own
 * and the load of being asked first is spread. The caller freezes a walk per event.
 */
import { byText } from "../../lib/order.ts";
import { hash32After, type Random } from "../../lib/random.ts";
import type { Member } from "../../model/member.ts";
import { labelDistance, type NodeId } from "../../model/node.ts";

/** Round trip in ms as measured by the node that walks; null: never measured. */
export type RttOf = (id: NodeId) => number | null;

/** Farther than any that was measured. */
const UNMEASURED = 33;
/** One more than the greatest hash. */
const TIES = 2 ** 32;

/** Neighbours to ask, nearest first. */
export function walk(
  origin: Member,
  members: readonly Member[],
  rttOf: RttOf,
  exclude: ReadonlySet<NodeId>,
): readonly NodeId[] {
  const steps = askable(origin, members, exclude);
  const tie = hash32After(`${origin.id}/`);
  const keys = Float64Array.from(steps, ({ id, labels }) => {
    const near = labelDistance(origin.labels, labels) * (UNMEASURED + 1) + rttBucket(rttOf(id));
    return near * TIES + tie(id);
  });
  const id = (at: number): NodeId => (steps[at] as Member).id;
  const order = Uint32Array.from(keys, (_, at) => at);
  order.sort((a, b) => (keys[a] as number) - (keys[b] as number) || byText(id(a), id(b)));
  return Array.from(order, id);
}

/** The same neighbours in random order: the yardstick for what locality saves. */
export function randomWalk(
  origin: Member,
  members: readonly Member[],
  random: Random,
  exclude: ReadonlySet<NodeId>,
): readonly NodeId[] {
  const ids = askable(origin, members, exclude).map(({ id }) => id);
  return random.shuffle(ids.sort(byText));
}

/** 0 for less than 2 ms (a Node process measures no finer), then one more per doubling. */
export function rttBucket(rtt: number | null): number {
  return rtt === null ? UNMEASURED : 32 - Math.clz32(rtt >> 1);
}

function askable(origin: Member, members: readonly Member[], exclude: ReadonlySet<NodeId>): Member[] {
  return members.filter(
    ({ id, state, draining }) => id !== origin.id && state === "alive" && !draining && !exclude.has(id),
  );
}
