/** What is checked: sizes that fit into CI, the mutants, what is known not to hold, and what only fits a night. */
import type { Check } from "./check.ts";

type Named = Check & { readonly name: string };
type Broken = Named & { readonly breaks: string };

const ONE = "one_partition_acts_on_a_node";
const SNAPSHOT = "no_action_on_a_changed_snapshot";
const BOOKING = "no_action_under_an_old_booking";
const RELEASED = "every_reservation_is_released";
const OLDEST = "the_oldest_event_finishes";
const EVERY = "every_event_finishes";

/** The bits of WATCHED: a mutant may break several properties, each test asks for one. */
const WATCHED = { [ONE]: 1, [SNAPSHOT]: 2, [BOOKING]: 4, [RELEASED]: 8 } as const;

const reservation = (name: string, macros: string): Named => ({ model: "reservation", name, macros });
const meeting = (name: string, macros: string, always: string): Named => ({
  model: "meeting",
  name,
  macros,
  always,
});
const breaking = (property: keyof typeof WATCHED, name: string, macros: string): Broken => ({
  ...reservation(name, `${macros} -DWATCHED=${WATCHED[property]}`),
  breaks: property,
});
const starving = (property: string, name: string, macros: string): Broken => ({
  ...meeting(name, macros, property),
  breaks: property,
});

export const HOLDS: readonly Named[] = [
  reservation("a message is lost, or late", "-DLOSSES=1"),
  reservation("a guest comes or goes by itself", "-DLOSSES=0 -DCHANGES=1"),
  reservation("a lease ends under its leader", "-DLOSSES=0 -DLAPSES=1"),
  reservation(
    "one leader; an agent restarts and a guest goes",
    "-DLEADERS=1 -DLOSSES=0 -DCRASHES=1 -DCHANGES=1",
  ),
  reservation("an agent restarts, leaders at the source", "-DLOSSES=0 -DCRASHES=1"),
  reservation("an agent restarts, leaders at the destination", "-DLOSSES=0 -DCRASHES=1 -DPULLS"),
  meeting("three meet: the oldest finishes", "", OLDEST),
  meeting("three meet: everybody finishes", "", EVERY),
  meeting("leaders die: the oldest finishes", "-DCRASH", OLDEST),
  meeting("leaders die: the living finish", "-DCRASH", EVERY),
  meeting("leaders die: nodes are given back", "-DCRASH", RELEASED),
];

export const MUTANTS: readonly Broken[] = [
  breaking(
    ONE,
    "a node is free, and joins, while its action runs",
    "-DLOSSES=0 -DSETTLING_SKIPPED -DUNSETTLED_JOINS",
  ),
  breaking(BOOKING, "nobody compared tokens", "-DLOSSES=0 -DLAPSES=1 -DTOKEN_UNCHECKED"),
  breaking(BOOKING, "the destination promised nothing", "-DLOSSES=0 -DPREPARE_SKIPPED"),
  breaking(BOOKING, "a promise ended with a lease", "-DLOSSES=1 -DPROMISE_LAPSES"),
  breaking(SNAPSHOT, "members agreed to every plan", "-DLOSSES=0 -DCHANGES=1 -DCHECK_SKIPPED"),
  breaking(RELEASED, "leases were endless", "-DLOSSES=1 -DLEASE_ENDLESS"),
  breaking(RELEASED, "a destination never asked its source", "-DLOSSES=1 -DNEVER_ASKS"),
  starving(OLDEST, "there were no hand-over slots", "-DNO_SLOT"),
  starving(OLDEST, "nobody gave way", "-DNO_WOUND"),
  starving(RELEASED, "leases were endless when leaders die", "-DCRASH -DLEASE_ENDLESS"),
  starving(EVERY, "slots had no lease", "-DCRASH -DSLOT_UNLEASED"),
  starving(EVERY, "events given to a dead leader were not taken back", "-DCRASH -DEVENTS_ABANDONED"),
];

/** What the code does not promise; docs/reference/model-check.md says how likely that is. */
export const LIMITS: readonly Broken[] = [
  starving(OLDEST, "its owner gives a slot up before its turn (growMs)", "-DIMPATIENT"),
  breaking(
    BOOKING,
    "an order outlives the restart of a source that had given it up",
    "-DLOSSES=0 -DCRASHES=1 -DPULLS -DORDERS_OUTLIVE_A_RESTART",
  ),
  breaking(
    SNAPSHOT,
    "a restarted host counts its inventory's versions anew",
    "-DLEADERS=1 -DLOSSES=0 -DCRASHES=1 -DCHANGES=1 -DVERSION_REUSED",
  ),
];

export const LARGE: readonly Named[] = [
  reservation("a live leader is taken for dead", "-DLOSSES=0 -DSUSPICIONS=1"),
  reservation("two losses", "-DLOSSES=2"),
  reservation("a loss and a restart", "-DLOSSES=1 -DCRASHES=1"),
  reservation("a loss and a restart, leaders at the destination", "-DLOSSES=1 -DCRASHES=1 -DPULLS"),
  reservation("a loss and a lease that ends", "-DLOSSES=1 -DLAPSES=1"),
  reservation("a request is repeated after a restart", "-DLOSSES=0 -DCRASHES=1 -DREPEATS=1"),
  reservation("two attempts of each leader", "-DLOSSES=0 -DA=2"),
  reservation("three leaders on three nodes", "-DLOSSES=0 -DN=3 -DR=0"),
  meeting("four meet over three nodes each: the oldest finishes", "-DI=4 -DK=3", OLDEST),
  meeting("four meet over three nodes each: everybody finishes", "-DI=4 -DK=3", EVERY),
];
