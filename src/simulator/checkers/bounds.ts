import type { SimulatedHost } from "../world/host.ts";
import { type CheckedWorld, type Checker, NOTHING_WRONG } from "./checker.ts";

type Sizes = ReturnType<NonNullable<SimulatedHost["agent"]>["lrt"]["sizes"]>;

/** What an agent may remember at most, of each kind. */
const CAPS: Sizes = { calls: 1024, answers: 256, orders: 2048, owed: 2048, deposed: 32, events: 256 };
const KINDS = Object.keys(CAPS) as (keyof Sizes)[];
/** Rows on a disk; more than a host's guests, records and operations need. */
const MAX_ROWS = 1000;

/** Bounded memory: nothing that is remembered grows without end; at rest nobody is being asked any more. */
export class BoundsChecker implements Checker {
  readonly name = "bounds";

  stepped(host: SimulatedHost): readonly string[] {
    const sizes = host.agent?.lrt.sizes();
    if (sizes === undefined) return NOTHING_WRONG;
    for (const kind of KINDS)
      if (sizes[kind] > CAPS[kind]) return [`${host.id} keeps ${sizes[kind]} ${kind}`];
    return NOTHING_WRONG;
  }

  unsettled({ hosts }: CheckedWorld): readonly string[] {
    return hosts.flatMap((host) => {
      const { calls = 0, owed = 0 } = host.agent?.lrt.sizes() ?? {};
      const rows = host.disk.keys("").length;
      return [
        ...(calls > 0 ? [`${host.id} still waits for ${calls} answers`] : []),
        ...(owed > 0 ? [`${host.id} still owes ${owed} words`] : []),
        ...(rows > MAX_ROWS ? [`${host.id} has ${rows} rows on its disk`] : []),
      ];
    });
  }
}
