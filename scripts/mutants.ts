/**
 * Would the swarm notice? Each mutant is a small fault put into a copy of the sources; the swarm runs there until a
 * seed shows it, or until the seeds are used up; then it runs the scenarios. Arguments: names of mutants (none: all), `--seeds N`, and `--write`,
 * which puts what was judged into the table of docs/reference/simulator.md; `--jobs N` says how many run at a time (as many as there are processors).
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

interface Mutant {
  readonly name: string;
  readonly what: string;
  readonly edits: readonly Edit[];
}

export interface Verdict {
  readonly mutant: Mutant;
  /** The first seed or scenario in which a checker found something wrong, and that checker; null: it survived. */
  readonly killedBy: { readonly what: string; readonly checker: string } | null;
}

const ROOT = new URL("..", import.meta.url).pathname;
const SCENARIOS = join(ROOT, "test/simulation/scenarios");
const PAGE = join(ROOT, "docs/reference/simulator.md");
const SEEDS = 60;
const BEGIN = "<!-- mutants: begin (scripts/mutants.ts --write) -->";
const END = "<!-- mutants: end -->";

const BOOKING = "lrt/scheduling/booking.ts";
const SCHEDULER = "lrt/scheduling/scheduler.ts";
const PARTITION = "lrt/scheduling/partition.ts";
const RESERVATIONS = "lrt/scheduling/reservations.ts";
const PROBLEM = "lrt/scheduling/problem.ts";
const PARTICIPANT = "lrt/execution/participant.ts";
const ADMISSION = "lrt/execution/admission.ts";
const EXECUTOR = "lrt/execution/executor.ts";
const INTENT = "lrt/execution/intent.ts";
const DRIVER = "driver/driver.ts";
const REGISTRY = "dnt/registry/registry.ts";
const NAMES = "dnt/registry/search.ts";
const REUNION = "dnt/membership/reunion.ts";
const HANDS = "vet/host/hands.ts";
const HANDLER = "vet/home/handler.ts";

const mutant = (name: string, what: string, file: string, from: string, to: string): Mutant => ({
  name,
  what,
  edits: [{ file, from, to }],
});

export const MUTANTS: readonly Mutant[] = [
  {
    name: "order-unfenced",
    what: "an order is taken whatever partition, epoch and booking token it comes with",
    edits: [
      {
        file: ADMISSION,
        from: `if (!this.#deps.desk().holds(token, now, START_MARGIN_MS)) return "the booking is over";`,
        to: "",
      },
      {
        file: SCHEDULER,
        from: `          this.#held(request, from, turn) ??
          this.#unwilling([request.order]) ??
          participant.execute(`,
        to: `          this.#unwilling([request.order]) ??
          participant.execute(`,
      },
      {
        file: SCHEDULER,
        from: `          this.#held(request, from, turn) ??
          this.#unwilling([request.order]) ??
          participant.prepare(`,
        to: `          this.#unwilling([request.order]) ??
          participant.prepare(`,
      },
    ],
  },
  mutant(
    "settling-skipped",
    "a host is free although one of its actions still runs",
    BOOKING,
    "if (this.#openActions() > 0) {",
    "if (this.#openActions() > 1000) {",
  ),
  mutant(
    "grant-unwritten",
    "a booking is granted and not written down",
    BOOKING,
    "after: this.#persist(turn) };",
    "after: undefined };",
  ),
  mutant(
    "epoch-unwritten",
    "what a member hears from its leader, a new epoch or phase, is not written down",
    BOOKING,
    "return same ? undefined : this.#persist(turn);",
    "return undefined;",
  ),
  mutant(
    "grant-told-early",
    "a booking is told before it is on disk",
    BOOKING,
    "after: this.#persist(turn) };",
    "after: (this.#persist(turn), undefined) };",
  ),
  mutant("token-reused", "a booking gets the token of the one before", BOOKING, "    this.#token++;\n", ""),
  mutant(
    "token-forgotten",
    "a restarted host counts its tokens from 0",
    BOOKING,
    "this.#token = (restored.get(KEY_TOKEN) as number | undefined) ?? 0;",
    "this.#token = 0;",
  ),
  mutant(
    "booking-forgotten",
    "a restarted host does not know its booking",
    BOOKING,
    "if (stored !== undefined) {",
    "if (stored !== undefined && restored.size < 0) {",
  ),
  mutant(
    "lease-outlived",
    "a lease that is over is renewed, as long as no timer has said so",
    BOOKING,
    '): Extract<ReplyBody, { kind: "stale" | "not-mine" }> | null {\n    this.#lapse(turn);',
    '): Extract<ReplyBody, { kind: "stale" | "not-mine" }> | null {',
  ),
  mutant(
    "lease-endless",
    "a booking whose leader is gone never ends",
    BOOKING,
    "held.settling === null && turn.now >= held.leaseUntil",
    "held.settling === null && turn.now < 0",
  ),
  {
    name: "lease-twice",
    what: "a host counts its lease twice",
    edits: [
      {
        file: BOOKING,
        from: "leaseUntil: turn.now + this.#config.leaseMs",
        to: "leaseUntil: turn.now + 2 * this.#config.leaseMs",
      },
      {
        file: BOOKING,
        from: "turn.setTimer(TIMER_LEASE, this.#config.leaseMs);",
        to: "turn.setTimer(TIMER_LEASE, 2 * this.#config.leaseMs);",
      },
    ],
  },
  mutant(
    "stale-epoch",
    "a message of an old epoch, or of an old leader, is taken",
    BOOKING,
    "if (ref.partitionEpoch < held.partitionEpoch || from !== held.leader) {",
    "if (ref.partitionEpoch < 0) {",
  ),
  mutant(
    "replaced-leader",
    "a leader that was replaced reserves the host anew",
    BOOKING,
    "if (partitionEpoch !== undefined) return",
    "if (partitionEpoch !== undefined && partitionEpoch < 0) return",
  ),
  mutant(
    "two-votes",
    "a host follows two successors under one epoch",
    BOOKING,
    "if (!same && ref.partitionEpoch <= held.partitionEpoch) {",
    "if (!same && ref.partitionEpoch < held.partitionEpoch) {",
  ),
  mutant(
    "no-slot",
    "nobody gets a hand-over slot",
    BOOKING,
    "const slotted = held.pid !== request.pid && this.#takeSlot(request, turn.now);",
    "const slotted = false;",
  ),
  mutant(
    "slot-ignored",
    "a free host does not keep its slot for who waits",
    BOOKING,
    "if (slot !== null && slot.pid !== request.pid && !this.#outranks(request, slot, turn.now)) {",
    "if (slot !== null && turn.now < 0) {",
  ),
  mutant(
    "slot-reopened",
    "a hand-over slot that is over is opened a second time",
    BOOKING,
    "const slot = this.#liveSlot(turn.now);\n    if (slot === null) return;",
    "const slot = this.#slot;\n    if (slot === null) return;",
  ),
  mutant(
    "calls-kept",
    "a question that was answered is remembered for ever",
    "lrt/calls.ts",
    "if (this.#pending.delete(id)) turn.clearTimer",
    "if (this.#pending.has(id)) turn.clearTimer",
  ),
  mutant(
    "started-again",
    "a plan made anew starts again what its arrival has started",
    PROBLEM,
    "const waiting = all.filter(({ spec }) => !here.has(spec.id) && started?.has(spec.id) !== true);",
    "const waiting = all;",
  ),
  mutant(
    "asked-twice",
    "a VM that two arrivals ask for is planned for twice",
    PROBLEM,
    "return [...new Map(waiting.map((vm) => [vm.spec.id, vm])).values()];",
    "return waiting;",
  ),
  mutant(
    "held-twice",
    "a guest that two hosts hold is planned for twice",
    "lrt/scheduling/doubles.ts",
    "return members.map((member) => {",
    "if (doubles.size >= 0) return members.map((member) => ({ ...member, copies: [] }));\n  return members.map((member) => {",
  ),
  mutant(
    "put-back-unseen",
    "what the solver's construction puts back home is not looked at once more",
    "solver/construct.ts",
    "back.length === 0 ? []",
    "back.length >= 0 ? []",
  ),
  mutant(
    "assigned-early",
    "a VM may start before its record says where, on disk",
    SCHEDULER,
    `return { body: { kind: "noted" }, after };
  }

  #handOver`,
    `return { body: { kind: "noted" } };
  }

  #handOver`,
  ),
  mutant(
    "vanished-kept",
    "a listing does not take away the guests that are gone",
    "lrt/monitoring/inventory.ts",
    "this.#domains = next;",
    "for (const [vm, domain] of next) this.#domains.set(vm, domain);",
  ),
  mutant(
    "no-release",
    "a partition that ends does not give its hosts back",
    RESERVATIONS,
    "for (const node of this.#members.nodes()) this.leave(node, reason, turn);",
    "",
  ),
  mutant(
    "wound-applying",
    "a partition gives way while it applies its plan",
    PARTITION,
    `if (this.#phase !== "growing" || by.pid === this.pid) return;`,
    "if (by.pid === this.pid) return;",
  ),
  mutant(
    "plan-unchecked",
    "members agree to every plan",
    SCHEDULER,
    `    if (reason !== null) {
      const after`,
    `    if (reason === "never") {
      const after`,
  ),
  mutant(
    "unsettled-joins",
    "a host joins while an action is open on it",
    SCHEDULER,
    "if (participant.openActions() > 0 && (",
    "if (participant.openActions() > 1000 && (",
  ),
  mutant(
    "two-partitions",
    "a host leads several partitions at a time",
    SCHEDULER,
    "this.#leading === null && this.#deps.unfit(true) === null",
    "this.#deps.unfit(true) === null",
  ),
  mutant(
    "duplicates-anew",
    "a duplicate request is carried out again",
    SCHEDULER,
    "const old = this.#answers.get(from, request.id);",
    "const old = request.id < 0 ? this.#answers.get(from, request.id) : undefined;",
  ),
  mutant(
    "events-abandoned",
    "an event whose new leader has gone is not taken back",
    SCHEDULER,
    "queue.reclaim(turn.now);",
    "",
  ),
  mutant(
    "drain-ignored",
    "a draining host joins others' partitions, and does not say that it drains",
    "lrt/lrt.ts",
    `return this.#draining && !own ? "draining" : null;`,
    "return null;",
  ),
  mutant(
    "foreign-moved",
    "guests that are not managed are moved",
    PROBLEM,
    "if (vm.pinned !== null) return vm.pinned;",
    "",
  ),
  mutant(
    "cool-down-ignored",
    "overload sends guests back at once",
    PROBLEM,
    `if (!events.some(({ cause }) => cause.kind === "overload" || cause.kind === "underload")) return [];`,
    "if (events.length > 0) return [];",
  ),
  mutant(
    "departures-forgotten",
    "a guest's new host does not remember where it came from",
    "lrt/lrt.ts",
    `if (what.kind === "migrate") this.#departures.record(vm, what.from, what.left, turn);`,
    "",
  ),
  {
    name: "apart-at-the-end",
    what: "guests that must be apart may meet on the way",
    edits: [
      {
        file: PROBLEM,
        from: "const continuous = hostOf.get(vm) !== hostOf.get(other);",
        to: "const continuous = false;",
      },
      { file: PROBLEM, from: "return beside || (", to: "return (" },
    ],
  },
  {
    name: "label-at-the-end",
    what: "a guest passes through a host that lacks a label it requires",
    edits: [
      { file: PROBLEM, from: "continuous: right.has(vm),", to: "continuous: false," },
      { file: PROBLEM, from: "return beside || (satisfies(left, policy)", to: "return beside || (false" },
    ],
  },
  mutant(
    "cool-down-by-half",
    "a half plan, which leaves the underload out, leaves out its cool-down, too",
    PROBLEM,
    "...coolDownRules(given, placed),",
    "...coolDownRules(input, placed),",
  ),
  mutant(
    "failures-forgotten",
    "a partition knows nothing of the moves that failed before it",
    "lrt/execution/failed-moves.ts",
    "this.#byVm.set(vm, failures);",
    "",
  ),
  mutant(
    "failures-capped",
    "a move that has failed again and again is tried again after half a minute",
    "lrt/execution/failed-moves.ts",
    "const LONGEST_MS = minutes(60);",
    "const LONGEST_MS = minutes(0.5);",
  ),
  mutant(
    "late-counted",
    "a plan that only reduces a violation takes those for placed that have found no room",
    "solver/relieve.ts",
    "for (const vm of sequence.late) if ((dense.home[vm] as number) < 0) assignment.remove(vm);",
    "",
  ),
  mutant(
    "idle-unproved",
    "a whole plan that is not proved the cheapest keeps moves that make room for nobody",
    "solver/solve.ts",
    "if (search.cost > this.#least) this.#leaveOutIdle(search);",
    "",
  ),
  mutant(
    "detour-home",
    "overload sends a guest through the host that it left",
    PROBLEM,
    "hosts: [...new Set(hosts)].sort(byText),\n    continuous: true,",
    "hosts: [...new Set(hosts)].sort(byText),\n    continuous: false,",
  ),
  mutant(
    "back-in-one-plan",
    "overload sends a guest back to a host that it leaves by the same plan",
    PARTITION,
    "return sendsBack(plan, this.#agenda.all(now)) || ",
    "return ",
  ),
  mutant(
    "half-emptied",
    "underload settles for a host that is emptied by half",
    "lrt/scheduling/agenda.ts",
    `kind !== "underload");`,
    `kind !== "drain");`,
  ),
  mutant(
    "half-emptied-besides",
    "a plan that only reduces an overload empties another host by half besides",
    PROBLEM,
    "if (bestEffort !== true) return events;",
    "if (bestEffort !== null) return events;",
  ),
  mutant(
    "empty-to-empty",
    "one host is emptied into another that is empty",
    PROBLEM,
    "vms.length + copies.length === 0",
    "vms.length + copies.length < 0",
  ),
  mutant(
    "prepare-skipped",
    "a source starts without its destination's promise",
    EXECUTOR,
    "else this.#prepare(step, step.order.what.to, turn);",
    "else this.#execute(step, step.action.from ?? step.order.what.to, 'sim://' + step.order.what.to, turn);",
  ),
  mutant(
    "order-ignored",
    "actions do not wait for one another",
    EXECUTOR,
    `if (!this.#before(step).every((other) => other.stage === "done")) return false;`,
    "",
  ),
  mutant(
    "hopeless-waits",
    "what waits for a failed action waits on",
    EXECUTOR,
    `before.some((other) => other.stage === "failed" || other.stage === "skipped")`,
    `before.some((other) => other.stage === "never")`,
  ),
  mutant(
    "released-early",
    "hosts are given back before their last action",
    EXECUTOR,
    "const needed = this.#steps.some((step) => !OVER.has(step.stage) && touches(step.action, host));",
    "const needed = false;",
  ),
  mutant(
    "executed-early",
    "the hypervisor is asked before the intent is on disk",
    PARTICIPANT,
    "turn.hypervisor(commandOf(order, uri), after, by);",
    "turn.hypervisor(commandOf(order, uri), undefined, by);",
  ),
  mutant(
    "held-early",
    "an order that waited for its guest to arrive is carried out before its intent is on disk",
    PARTICIPANT,
    "this.#begin(entry, turn, written);",
    "this.#begin(entry, turn, 0);",
  ),
  {
    name: "given-up-for-good",
    what: "a destination whose source is silent forgets what it promised to it",
    edits: [
      {
        file: INTENT,
        from: 'return { kind: "set-aside", reason: "the source is silent',
        to: 'return { kind: "ended", outcome: "failed", reason: "the source is silent',
      },
    ],
  },
  {
    name: "given-up-unseen",
    what: "a destination gives a guest up for good by what it saw before it stood still",
    edits: [
      {
        file: PARTICIPANT,
        from: "const verdict = this.#verdict(entry, here);",
        to: "const verdict = this.#verdict(entry, here, turn.now);",
      },
      {
        file: PARTICIPANT,
        from: "#verdict(entry: OpenAction, here: OwnSight)",
        to: "#verdict(entry: OpenAction, here: OwnSight, now: Instant)",
      },
      {
        file: PARTICIPANT,
        from: "return judgeDestination(here, entry.other, entry.asked, expired);",
        to: `const verdict = judgeDestination(here, entry.other, entry.asked, now >= over);
    const stale = verdict.kind === "set-aside" && !expired;
    return stale ? { kind: "ended", outcome: "failed", reason: verdict.reason } : verdict;`,
      },
    ],
  },
  mutant(
    "stopped-anew",
    "a host stops a VM upon an order of an older generation",
    HANDS,
    "const refusal = this.#refusal(domain, ve, vm, before);\n    if (domain === undefined",
    "const refusal = this.#refusal(domain, ve, vm, before + 9);\n    if (domain === undefined",
  ),
  mutant(
    "old-manifest",
    "VMs that wait are started as an older manifest had them",
    HANDLER,
    "this.#eventGeneration !== record.generation;",
    "record.generation < this.#eventGeneration;",
  ),
  mutant(
    "begun-late",
    "an order that was held too long is begun all the same",
    DRIVER,
    "this.#ports.clock.now() > effect.by)",
    "this.#ports.clock.now() < 0)",
  ),
  mutant(
    "seeds-unmet",
    "a new agent creates a VE although it has not met the seeds",
    NAMES,
    "const strangers = unmet();",
    "const strangers: string[] = [];",
  ),
  mutant(
    "last-life-forgotten",
    "an agent that has started anew creates a VE although members of its last life could hold it",
    NAMES,
    "const silent = [...dead, ...unheard()].sort(byText);",
    "const silent = [...dead].sort(byText);",
  ),
  mutant(
    "copy-for-guest",
    "a destroyed copy of a migration is taken for the end of its guest",
    "vet/host/guests.ts",
    "memory.leaving || !memory.ran",
    "memory.leaving",
  ),
  mutant(
    "out-again",
    "a plan may take a VM out of where its labels let it be, if it was not there at first",
    PARTITION,
    " || strays(plan, this.#members.snapshots())",
    "",
  ),
  mutant(
    "back-beside",
    "a plan may bring a VM back beside one from which it was parted, if they were not apart at first",
    PROBLEM,
    "return beside || (",
    "return (",
  ),
  mutant(
    "promised-early",
    "a destination promises before that is on disk",
    PARTICIPANT,
    `return { body: { kind: "prepared", uri }, after };`,
    `return { body: { kind: "prepared", uri } };`,
  ),
  mutant(
    "given-up-taken",
    "an order that was given up is taken when it comes late",
    ADMISSION,
    `if (this.#deps.past.has(order.key)) return "this order has been given up";`,
    "",
  ),
  {
    name: "leader-believed",
    what: "a destination takes its leader's word for its source's, and an order that was done is refused when it comes again",
    edits: [
      { file: PARTICIPANT, from: `|| this.#over.of(order.key) === "done";`, to: ";" },
      {
        file: PARTICIPANT,
        from: `if (what.kind !== "migrate" || what.from !== from) {`,
        to: `if (what.kind !== "migrate") {`,
      },
    ],
  },
  mutant(
    "late-reservation",
    "what a partition asked for before it left a node books that node again",
    BOOKING,
    'if (request.partitionEpoch < leftAt) return { kind: "stale", partitionEpoch: leftAt };',
    "",
  ),
  mutant(
    "peers-forgotten",
    "an agent that has started anew does not miss those whom it knew",
    REUNION,
    "    return this.#unheard;",
    "    return [];",
  ),
  mutant(
    "departed-by-hearsay",
    "who has never heard of a member says that it has left",
    REUNION,
    "this.#knownPeers.departures(digest.missing)",
    "digest.missing.flatMap((id) => (this.#view.get(id) === undefined ? [{ id, incarnation: 1000 }] : []))",
  ),
  mutant(
    "room-set-aside",
    "a host gives away the room of a guest whose source is silent",
    PARTICIPANT,
    'const coming = intent.role !== "source";\n      const arriving = coming &&',
    'const coming = intent.role !== "source";\n      const arriving = coming && !this.#open.get(intent.order.key)?.aside &&',
  ),
  mutant(
    "circle-open",
    "a guest that nobody has is gone, whomever they know whom its home does not",
    "vet/home/inspection.ts",
    "const all = same && [...second.values()].every((answer) => answer.circle === circle);",
    "const all = circle !== null;",
  ),
  {
    name: "newcomers-unknown",
    what: "a name that nobody has is free, whomever they know whom its home does not, and though somebody silent never knew it",
    edits: [
      {
        file: NAMES,
        from: 'if (others.length > 0) return { kind: "unacquainted"',
        to: 'if (others.length > 99) return { kind: "unacquainted"',
      },
      { file: NAMES, from: "gone || !this.#own.acquainted(id) || ", to: "gone || " },
    ],
  },
  mutant(
    "owed-and-acquainted",
    "who holds what belongs to another home, which it has only just heard of, counts as acquainted with that",
    "dnt/registry/acquaintances.ts",
    "if (owes || circle !==",
    "if (circle !==",
  ),
  mutant(
    "taken-untold",
    "a record is taken over though its rightful home, which is draining, may not have heard where it went",
    REGISTRY,
    "if (above.length === 0 || ",
    "if (above.length < 99 || ",
  ),
  mutant(
    "rules-as-they-were",
    "a guest leaves by a plan though its rules have changed since its host agreed to it",
    "lrt/execution/admission.ts",
    "if ((this.#agreed.get(order.key) ?? rulesOf(domain)) !== rulesOf(domain))",
    "if (order.key === null)",
  ),
  mutant(
    "mode-as-it-was",
    "a plan that was asked for in another balancing mode is carried out",
    PARTITION,
    "if (question.mode !== this.#deps.mode()) this.#members.change();",
    "",
  ),
  mutant(
    "joined-once",
    "who left and came back is as old and as well known a member as it was",
    "agent/agent.ts",
    "turn.persist([...this.registry.left(), { key: KEY_JOINED_AT, value: null }])",
    "turn.persist([])",
  ),
  mutant(
    "told-anew",
    "an agent that has started anew carries out what was meant for its last life",
    "agent/remote.ts",
    "if (isDeed(command) && life <",
    "if (isDeed(command) && life + 1000 <",
  ),
  mutant(
    "ceded-forgotten",
    "a home that drained does not remember which names went elsewhere meanwhile",
    NAMES,
    "(id) => gone || ",
    "(id) => ",
  ),
  mutant(
    "never-looks",
    "open intents found after a restart are left alone",
    PARTICIPANT,
    `    this.#restored = [];
    if (this.#open.size > 0) turn.setTimer("lrt/look", LOOK_MS);`,
    "    this.#restored = [];\n    this.#open.clear();",
  ),
  mutant(
    "word-unowed",
    "a source tells a destination that was away nothing more",
    "lrt/execution/reports.ts",
    "if (silent && to === destination) this.#owe(ended, later);",
    "",
  ),
  mutant(
    "resumed-unasked",
    "a destination lets its copy run without the source's word",
    INTENT,
    `return { kind: "wait", reason: "paused here, unsettled at the source" };`,
    `return { kind: "resume", outcome: "done", reason: "unsettled" };`,
  ),
  mutant(
    "seeds-for-the-lonely",
    "who has company never tries a seed, and groups that formed apart stay apart",
    REUNION,
    "if (strangers.length === 0) this.#tryTheSeeds(turn);\n      else for",
    "if (strangers.length > 9) for",
  ),
  mutant(
    "destroy-unknown",
    "a destination destroys its copy unless the source gave it away",
    INTENT,
    `return { kind: "wait", reason: "paused here, unsettled at the source" };`,
    `return { kind: "destroy", outcome: "failed", reason: "unsettled" };`,
  ),
  {
    name: "moved-while-moving",
    what: "a host is free while a guest leaves it, and that guest is planned for again",
    edits: [
      {
        file: PARTICIPANT,
        from: "if (undestroyed || aside) return false;",
        to: 'if (undestroyed || aside || intent.role === "source") return false;',
      },
      {
        file: "lrt/lrt.ts",
        from: 'return domain.job === "none" ? null : "a job of its hypervisor is running";',
        to: "return null;",
      },
      {
        file: ADMISSION,
        from: 'return domain.state === "running" && domain.job === "none"',
        to: 'return domain.state === "running"',
      },
    ],
  },
  mutant(
    "promise-keeps-nobody",
    "a host is free while a guest comes to it",
    PARTICIPANT,
    "if (undestroyed || aside) return false;",
    'if (undestroyed || aside || intent.role === "destination") return false;',
  ),
  mutant(
    "memory-overcommitted",
    "plans give away a fifth more memory than there is",
    PROBLEM,
    'roomOf(member, "memory", Math.min(1000, config.overloadPermille))',
    'roomOf(member, "memory", config.overloadPermille > 0 ? 1200 : 0)',
  ),
  {
    name: "room-at-the-end",
    what: "a plan's actions do not wait for the room that they need",
    edits: [
      {
        file: "solver/schedule.ts",
        from: "for (const id of this.#ledger(step.to).arrive(this.#arriving(step))) after.add(id);",
        to: "this.#ledger(step.to).arrive(this.#arriving(step));",
      },
      { file: "solver/checkers/replay.ts", from: "    ...checkRoom(problem, plan, order),\n", to: "" },
    ],
  },
  {
    name: "suspended-left-out",
    what: "a host's snapshot leaves its suspended guests out, and a destination promises room that it has not",
    edits: [
      {
        file: "lrt/lrt.ts",
        from: 'filter((domain) => domain.state !== "shutoff")',
        to: 'filter((domain) => domain.state === "running")',
      },
      { file: ADMISSION, from: "return left < 0 ?", to: "return left < -1_000_000 ?" },
    ],
  },
  {
    name: "agreed-after-the-end",
    what: "a partition that has ended carries out a plan to which the last member agrees only then",
    edits: [
      {
        file: PARTITION,
        from: 'if (!waiting.delete(node) || this.#phase !== "checking") return;',
        to: "if (!waiting.delete(node)) return;",
      },
      {
        file: PARTITION,
        from: 'if (waiting.size === 0 && this.#phase === "checking") this.#decide',
        to: "if (waiting.size === 0) this.#decide",
      },
      {
        file: RESERVATIONS,
        from: "for (const node of this.#members.nodes()) this.leave(node, reason, turn);",
        to: "for (const node of this.#members.nodes()) this.#giveBack(node, reason, turn);",
      },
    ],
  },
  mutant(
    "pair-parted",
    "plans know nothing of guests that must stay together",
    PROBLEM,
    "if (here.has(other))\n        pairs.set(`together",
    "if (here.size < 0)\n        pairs.set(`together",
  ),
  mutant(
    "begun-again",
    "a restarted source carries out once more what it has begun",
    PARTICIPANT,
    "        this.#open.set(intent.order.key, opened({ ...intent, since: turn.now }, true));",
    `        {
          const entry = opened({ ...intent, since: turn.now }, true);
          this.#open.set(intent.order.key, entry);
          if (intent.role === "source") entry.operation = turn.hypervisor(commandOf(intent.order, intent.uri));
          if (entry.operation !== null) this.#operations.set(entry.operation, intent.order.key);
        }`,
  ),
  mutant(
    "rota-kept",
    "a member that has died is probed in turn for ever, once more for each of its lives",
    "dnt/membership/view.ts",
    "if (was && !isLive(member)) this.#probes.remove(id);",
    "",
  ),
  mutant(
    "suspicions-kept",
    "a suspicion stays open when its member has refuted it",
    "dnt/membership/view.ts",
    "    this.suspicions.close(id);\n",
    "",
  ),
  mutant(
    "handlers-kept",
    "the handler of a VE that was deleted is kept",
    "vet/vet.ts",
    "ended: (ended) => this.#handlers.delete(ended),",
    "ended: () => {},",
  ),
  mutant(
    "told-kept",
    "a host remembers every VE that has ever had a VM on it",
    "vet/host/reports.ts",
    "if (vms.length === 0) this.#told.delete(ve);",
    "if (vms.length < 0) this.#told.delete(ve);",
  ),
  mutant(
    "questions-kept",
    "a question to another agent is kept when it has been answered",
    "agent/remote.ts",
    "    this.#questions.delete(re);\n",
    "",
  ),
  mutant(
    "departures-kept",
    "a host remembers where VMs came from that have left it",
    "lrt/lrt.ts",
    "    this.#departures.keepOnly(this.inventory, turn);\n",
    "",
  ),
];

/** @returns how many of the seeds from 1 on it takes to kill the mutant. */
export async function judge(one: Mutant, seeds: number): Promise<Verdict> {
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, ".cache/mutant-"));
  try {
    cpSync(join(ROOT, "src"), join(folder, "src"), { recursive: true });
    cpSync(join(ROOT, "package.json"), join(folder, "package.json"));
    for (const edit of one.edits) apply(join(folder, "src"), edit);
    const main = join(folder, "src/simulator/main.ts");
    const { stdout, stderr, status } = await run([main, "swarm", "--runs", String(seeds)]);
    if (status === 0) return { mutant: one, killedBy: await scenarioAgainst(main) };
    const seed = /^seed (\d+) shows a fault:\n +[\d.]+ s +(\S+):/m.exec(stdout);
    if (seed === null) throw new Error(`${one.name} does not run: ${stdout}${stderr}`);
    return { mutant: one, killedBy: { what: `seed ${seed[1]}`, checker: seed[2] ?? "" } };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The first scenario in which a checker fires: a story that only differs from the recorded one does not count. */
async function scenarioAgainst(main: string): Promise<Verdict["killedBy"]> {
  const folders = readdirSync(SCENARIOS).map((name) => join(SCENARIOS, name));
  const { stderr } = await run([main, "scenario", ...folders]);
  const [, name, checker] = /^(\S+): \d+\.\d{3} (\S+): /m.exec(stderr) ?? [];
  return name === undefined || checker === undefined ? null : { what: `scenario \`${name}\``, checker };
}

interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

function run(args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--max-semi-space-size=64", ...args],
      { maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        resolve({ stdout, stderr, status: error === null ? 0 : 1 });
      },
    );
  });
}

function apply(src: string, { file, from, to }: Edit): void {
  const path = join(src, file);
  const text = readFileSync(path, "utf8");
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times: ${from}`);
  writeFileSync(path, parts.join(to));
}

function row({ mutant: { name, what }, killedBy }: Verdict, most: number): string {
  const fate = killedBy?.what ?? `survives ${most} seeds`;
  return `| \`${name}\` | ${what} | ${fate} | ${killedBy?.checker ?? ""} |`;
}

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals: names } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seeds: { type: "string", default: String(SEEDS) },
      jobs: { type: "string", default: String(availableParallelism()) },
      write: { type: "boolean", default: false },
    },
  });
  const most = Number(values.seeds);
  const chosen = MUTANTS.filter(({ name }) => names.length === 0 || names.includes(name));
  const verdicts = new Map<string, Verdict>();
  const left = [...chosen];
  const worker = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      const verdict = await judge(one, most);
      verdicts.set(one.name, verdict);
      process.stdout.write(`${row(verdict, most)}\n`);
      if (values.write) writeTable(new Map([[one.name, row(verdict, most)]]));
    }
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
  const survivors = [...verdicts.values()].filter(({ killedBy }) => killedBy === null).length;
  process.stdout.write(`${chosen.length - survivors} of ${chosen.length} are killed\n`);
}

/** Puts rows into the table, by mutant; those that were not judged this time stay as they are. */
export function writeTable(rows: ReadonlyMap<string, string>): void {
  const [before, rest] = readFileSync(PAGE, "utf8").split(BEGIN);
  const [table, after] = rest?.split(END) ?? [];
  if (before === undefined || table === undefined || after === undefined)
    throw new Error(`${PAGE} has no place for the table`);
  const known = new Map(
    [...table.matchAll(/^\| `([^`]+)` .*$/gm)].map(([line, name]): [string, string] => [name ?? "", line]),
  );
  const lines = MUTANTS.map(({ name, what }) => rows.get(name) ?? known.get(name) ?? unjudged(name, what));
  const killed = lines.filter((line) => /\| (seed|scenario) /.test(line)).length;
  const head = "| mutant | what is wrong | killed by | checker |\n| --- | --- | --- | --- |";
  const summary = `${killed} of ${MUTANTS.length} are killed.`;
  writeFileSync(PAGE, `${before}${BEGIN}\n\n${summary}\n\n${head}\n${lines.join("\n")}\n\n${END}${after}`);
}

const unjudged = (name: string, what: string): string => `| \`${name}\` | ${what} | not judged yet | |`;

if (import.meta.main) await main(process.argv.slice(2));
