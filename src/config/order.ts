/** Settings that are each in bounds and yet do not go together. */
import { sayDuration } from "../lib/quantity.ts";
import type { Problem } from "./problem.ts";
import type { Config } from "./schema.ts";
import type { Places } from "./validate.ts";
import type { Path } from "./yaml-source.ts";

interface Rule {
  /** The setting to be put right. */
  readonly key: Path;
  readonly broken: boolean;
  readonly message: string;
}

/** @returns what is out of order, with the rule and the figures. */
export function orderProblems(config: Config, places: Places): Problem[] {
  return [...schedulerRules(config.lrt), ...membershipRules(config.membership), ...embeddedRules(config)]
    .filter(({ broken }) => broken)
    .map(({ key, message }) => ({ where: places.place(key), path: key.join("."), message }));
}

function schedulerRules(c: Config["lrt"]): Rule[] {
  const before = (key: keyof Config["lrt"], a: number, b: number, message: string): Rule => ({
    key: ["lrt", key],
    broken: a > b,
    message: `${message} (${sayDuration(a)} and ${sayDuration(b)})`,
  });
  return [
    {
      key: ["lrt", "renew"],
      broken: c.renew * 2 >= c.lease,
      message: `lrt.renew must be less than half of lrt.lease: one lost renewal must not end a booking (${sayDuration(c.renew)} and ${sayDuration(c.lease)})`,
    },
    {
      key: ["lrt", "call"],
      broken: c.call * c.callTries >= c.lease,
      message: `lrt.call × lrt.callTries must be less than lrt.lease: a request must be given up before the booking it is about (${sayDuration(c.call * c.callTries)} and ${sayDuration(c.lease)})`,
    },
    before("sample", c.sample, c.window, "lrt.sample must not exceed lrt.window"),
    before("backoff", c.backoff, c.backoffMax, "lrt.backoff must not exceed lrt.backoffMax"),
    {
      key: ["lrt", "underloadRatio"],
      broken: c.underloadRatio >= c.overloadRatio - c.marginRatio,
      message: "lrt.underloadRatio must be less than lrt.overloadRatio − lrt.marginRatio",
    },
  ];
}

function membershipRules(c: Config["membership"]): Rule[] {
  const rule = (key: keyof Config["membership"], broken: boolean, message: string): Rule => ({
    key: ["membership", key],
    broken,
    message,
  });
  return [
    rule(
      "gossipInterval",
      c.gossipInterval > c.period,
      "membership.gossipInterval must not exceed membership.period",
    ),
    rule(
      "suspicionFloor",
      c.suspicionFloor < c.period,
      "membership.suspicionFloor must be at least membership.period",
    ),
    rule(
      "isolatedAfter",
      c.isolatedAfter < c.period * 2,
      "membership.isolatedAfter must be at least twice membership.period",
    ),
    rule("syncAgain", c.syncAgain > c.syncEvery, "membership.syncAgain must not exceed membership.syncEvery"),
    rule(
      "rejoinFirst",
      c.rejoinFirst > c.rejoinMost,
      "membership.rejoinFirst must not exceed membership.rejoinMost",
    ),
  ];
}

function embeddedRules({ hypervisor }: Config): Rule[] {
  const names = hypervisor.embedded.domains.map(({ name }) => name);
  return names.map((name, i) => ({
    key: ["hypervisor", "embedded", "domains", i, "name"],
    broken: names.indexOf(name) !== i,
    message: `two domains are called ${name}`,
  }));
}
