/** The membership protocol's constants (`dnt/membership/settings.ts`), the same on every host of a cluster. */
import { z } from "zod";
import { DEFAULTS as D, type MembershipSettings } from "../../dnt/membership/settings.ts";
import { writeDuration } from "../../lib/quantity.ts";
import * as field from "../fields.ts";

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

const span = (sentence: string, min: number, max: number, standard: number) =>
  field.duration(sentence, { min, max }).prefault(writeDuration(standard));

export const membership = z
  .strictObject({
    period: span(
      "One round of probes; a probe has two of them before its target is suspected.",
      100,
      MINUTE,
      D.period,
    ),
    gossipInterval: span("How long news is gathered before it is passed on.", 10, MINUTE, D.gossipInterval),
    suspicionFloor: span(
      "The least time a confirmed suspect has to object.",
      100,
      10 * MINUTE,
      D.suspicionFloor,
    ),
    suspicionPerDoubling: span(
      "What it has more per doubling of the network.",
      0,
      MINUTE,
      D.suspicionPerDoubling,
    ),
    isolatedAfter: span(
      "Without any round trip for this long a host doubts itself.",
      500,
      DAY,
      D.isolatedAfter,
    ),
    syncEvery: span(
      "Mean time between comparisons of the whole list with some member.",
      1000,
      DAY,
      D.syncEvery,
    ),
    syncAgain: span("The same after one that found differences.", 100, DAY, D.syncAgain),
    syncAfterNews: span("The same after any news.", 100, DAY, D.syncAfterNews),
    rejoinFirst: span("First pause between attempts to join, while alone.", 100, DAY, D.rejoinFirst),
    rejoinMost: span("Longest such pause.", 100, DAY, D.rejoinMost),
    seedPatience: span(
      "A new host creates no VE for so long, unless it has met every seed: a seed may know others.",
      0,
      DAY,
      D.seedPatience,
    ),
    forgetLeftAfter: span("How long a member that left is remembered.", MINUTE, 30 * DAY, D.forgetLeftAfter),
  })
  .prefault({})
  .meta({ description: "Who is there and who is not. Give every host of a cluster the same." });

/** The section as the membership protocol takes it. */
export function membershipSettingsOf(
  section: z.output<typeof membership>,
  join: readonly string[],
): MembershipSettings {
  return { ...section, seeds: join };
}
