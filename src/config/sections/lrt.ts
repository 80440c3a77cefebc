/** The scheduler's constants (`lrt/config.ts`), the same on every host of a cluster. */
import { z } from "zod";
import { writeDuration } from "../../lib/quantity.ts";
import { DEFAULT_LRT_CONFIG as D, type LrtConfig } from "../../lrt/config.ts";
import * as field from "../fields.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const span = (sentence: string, min: number, max: number, standard: number) =>
  field.duration(sentence, { min, max }).prefault(writeDuration(standard));

const share = (sentence: string, min: number, max: number, permille: number) =>
  field.ratio(sentence, { min, max }).prefault(permille / 1000);

const count = (sentence: string, min: number, max: number, standard: number) =>
  field.integer(sentence, { min, max }).default(standard);

export const lrt = z
  .strictObject({
    mode: field
      .choice("auto acts, recommend plans and says so, manual does neither.", ["auto", "recommend", "manual"])
      .default(D.mode),
    sample: span("How often the hypervisor is asked for usage.", 100, MINUTE, D.sampleMs),
    window: span("Usage is averaged over this before it is judged.", 100, HOUR, D.windowMs),
    hold: span("How long a host must be over a limit before that is an event.", 0, HOUR, D.holdMs),
    relist: span(
      "How often all domains are listed anew, besides at every connection.",
      1000,
      HOUR,
      D.relistMs,
    ),
    overloadRatio: share(
      "A host is overloaded above this share of its capacity.",
      0.1,
      2,
      D.overloadPermille,
    ),
    marginRatio: share(
      "Its cpu leaves that state this much lower: no flapping at the limit.",
      0,
      0.5,
      D.marginPermille,
    ),
    underloadRatio: share("Below this share a host could be emptied.", 0, 1, D.underloadPermille),
    consolidate: field.flag("Whether underload is acted on; it is reported always.").default(D.consolidate),
    cooldown: span("No VM goes back to a host it left less than this ago.", 0, 24 * HOUR, D.cooldownMs),
    lease: span("A booking ends this long after its leader was last heard.", 2000, HOUR, D.leaseMs),
    renew: span("How often a leader renews its bookings.", 500, HOUR, D.renewMs),
    grow: span("A partition without a viable plan settles for less after this.", 0, HOUR, D.growMs),
    slot: span("After a release the oldest waiter alone may take the host for this long.", 0, HOUR, D.slotMs),
    maxHosts: count("A partition never holds more hosts than this.", 1, 1024, D.maxHosts),
    lifeSlack: span(
      "A partition may live for twice its plan's estimate, at least its longest migration's timeout, and this.",
      1000,
      HOUR,
      D.lifeSlackMs,
    ),
    backoff: span("First pause before an unsolved event is tried again.", 100, HOUR, D.backoffMs),
    backoffMax: span("Longest such pause.", 100, 24 * HOUR, D.backoffMaxMs),
    call: span("An unanswered request is repeated after this.", 100, MINUTE, D.callMs),
    callTries: count("How often a request is sent in all.", 1, 20, D.callTries),
    replans: count("Plans made anew within one partition before it gives up.", 0, 20, D.replans),
    migrationsPerHost: count(
      "Migrations a host bears at once, in and out together.",
      1,
      64,
      D.migrationsPerHost,
    ),
    migrationsPerLink: count(
      "Migrations between two sites at once, within a partition.",
      1,
      1024,
      D.migrationsPerLink,
    ),
    solverDecisions: count("The solver's bound, in placement decisions.", 100, 10_000_000, D.solverDecisions),
    walk: field.choice("Neighbours by distance, or shuffled.", ["locality", "random"]).default(D.walk),
  })
  .prefault({})
  .meta({
    description: "The scheduler. Give every host of a cluster the same.",
  });

/** The section as the scheduler takes it. */
export function lrtConfigOf(section: z.output<typeof lrt>): LrtConfig {
  const { sample, window, hold, relist, cooldown, lease, renew, grow, slot, lifeSlack, backoff, backoffMax } =
    section;
  const { call, overloadRatio, marginRatio, underloadRatio, ...same } = section;
  const { mode, consolidate, maxHosts, callTries, replans, migrationsPerHost, migrationsPerLink } = same;
  return {
    sampleMs: sample,
    windowMs: window,
    holdMs: hold,
    relistMs: relist,
    overloadPermille: overloadRatio,
    marginPermille: marginRatio,
    underloadPermille: underloadRatio,
    consolidate,
    cooldownMs: cooldown,
    mode,
    leaseMs: lease,
    renewMs: renew,
    growMs: grow,
    slotMs: slot,
    maxHosts,
    lifeSlackMs: lifeSlack,
    backoffMs: backoff,
    backoffMaxMs: backoffMax,
    callMs: call,
    callTries,
    replans,
    migrationsPerHost,
    migrationsPerLink,
    solverDecisions: same.solverDecisions,
    walk: same.walk,
  };
}
