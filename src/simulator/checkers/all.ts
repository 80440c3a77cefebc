import type { LrtConfig } from "../../lrt/config.ts";
import { ActionChecker } from "./actions.ts";
import { Agendas } from "./agendas.ts";
import { AnswerChecker } from "./answers.ts";
import { BookingChecker } from "./booking.ts";
import { BoundsChecker } from "./bounds.ts";
import { CapacityChecker } from "./capacity.ts";
import type { Checker } from "./checker.ts";
import { ConsentChecker } from "./consent.ts";
import { DrainingChecker } from "./draining.ts";
import { EnvironmentChecker } from "./environments.ts";
import { EventChecker } from "./events.ts";
import { ExecutionChecker } from "./execution.ts";
import { Ledger } from "./ledger.ts";
import { PingPongChecker } from "./ping-pong.ts";
import { PlanChecker } from "./plans.ts";
import { ProgressChecker } from "./progress.ts";
import { PromiseChecker } from "./promises.ts";
import { RuleChecker } from "./rules.ts";
import { SlotChecker } from "./slots.ts";
import { SnapshotChecker } from "./snapshots.ts";
import { VerbChecker } from "./verbs.ts";
import { ViewChecker } from "./views.ts";
import { WanderingChecker } from "./wandering.ts";

/** The checkers of every invariant of the partition scheduler, new for one simulation. */
export function allCheckers(config: LrtConfig): readonly Checker[] {
  const ledger = new Ledger();
  const agendas = new Agendas();
  const bookings = new BookingChecker(ledger, config.leaseMs);
  return [
    new ExecutionChecker(),
    bookings,
    new ActionChecker(ledger, bookings, config.leaseMs),
    new CapacityChecker(),
    new PlanChecker(ledger, agendas, config),
    new ConsentChecker(ledger, agendas),
    new RuleChecker(),
    new EnvironmentChecker(),
    new EventChecker(config),
    new BoundsChecker(),
    new ProgressChecker(),
    new SnapshotChecker(ledger, config.leaseMs),
    new AnswerChecker(),
    new PromiseChecker(),
    new DrainingChecker(),
    new SlotChecker(config.slotMs),
    new VerbChecker(),
    new ViewChecker(),
    new PingPongChecker(agendas, config.cooldownMs),
    new WanderingChecker(config),
  ];
}
