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
/** More than there can be members; a hash times this is still exact. */
const INDEXES = 2 ** 20;

/** Neighbours to ask, nearest first. */
export function walk(
  origin: Member,
  members: readonly Member[],
  rttOf: RttOf,
  exclude: ReadonlySet<NodeId>,
): readonly NodeId[] {
  const steps = askable(origin, members, exclude);
  const tie = hash32After(`${origin.id}/`);
  const rings = new Map<number, number[]>();
  steps.forEach(({ id, labels }, at) => {
    const ring = labelDistance(origin.labels, labels) * (UNMEASURED + 1) + rttBucket(rttOf(id));
    const key = tie(id) * INDEXES + at;
    const known = rings.get(ring);
    if (known === undefined) rings.set(ring, [key]);
    else known.push(key);
  });
  const ordered = [...rings].sort(([a], [b]) => a - b).flatMap(([, keys]) => inOrder(keys, steps));
  return ordered.map(({ id }) => id);
}

/** The members whose hashes and places in the list these keys are made of: by hash, and those with equal ones by id. */
function inOrder(keys: readonly number[], steps: readonly Member[]): Member[] {
  const sorted = Float64Array.from(keys).sort();
  const members = Array.from(sorted, (key) => steps[key % INDEXES] as Member);
  const hash = (at: number): number => Math.floor((sorted[at] as number) / INDEXES);
  for (let i = 1; i < members.length; i++) {
    for (let j = i; j > 0 && hash(j) === hash(j - 1); j--) {
      const [a, b] = [members[j - 1] as Member, members[j] as Member];
      if (byText(a.id, b.id) <= 0) break;
      [members[j - 1], members[j]] = [b, a];
    }
  }
  return members;
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
