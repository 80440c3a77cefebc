/**
 * Finds out where a VE's VMs are, by asking hosts *now*: reports come unasked and late, so they are only hints. A
 * VM is
 *
 * - *here* if a host, asked, has it;
 * - *gone* if the host it was last known on says that its guest ended there, or, in an unbroken memory (`life`)
 *   since the record says so, that it never was there; or else if this agent knows everybody, and everybody who has not
 *   left the network was asked twice, answered twice that it is neither there nor on its way, and nothing had come or
 *   gone between (a double collect: Afek et al., "Atomic Snapshots of Shared Memory", 1993): then there was one instant
 *   at which it was nowhere;
 * - *unclear* otherwise: it may be running.
 */
import { byText } from "../../lib/order.ts";
import type { NodeId } from "../../model/node.ts";
import type { VmId } from "../../model/virtual-machine.ts";
import type { LookAnswer, Sight } from "../commands.ts";
import type { VmRecord } from "../lifecycle/record.ts";
import type { Verdict } from "../lifecycle/transitions.ts";
import type { VetTurn } from "../notifications.ts";

/** Asks each host; silent ones, and those without a hypervisor, are left out of the answers. */
export type AskHosts = (
  hosts: readonly NodeId[],
  vms: readonly VmId[],
  turn: VetTurn,
  done: (answers: ReadonlyMap<NodeId, LookAnswer>, later: VetTurn) => void,
) => void;

export interface InspectionDependencies {
  readonly askHosts: AskHosts;
  /** Everybody who has not left, the dead, those not heard of yet, and this agent included. */
  readonly everybody: () => readonly NodeId[];
  /** Whom this agent knows (`Membership.circle`); null: there may be others, of a group that formed apart. */
  readonly circle: () => string | null;
  readonly nameOf: (node: NodeId) => string;
  /** Whether it is known of that host that it has left. */
  readonly hasLeft: (node: NodeId) => boolean;
}

export interface Findings {
  readonly verdicts: ReadonlyMap<VmId, Verdict>;
  /** Of the stamps that were seen; null: none. */
  readonly generations: ReadonlyMap<VmId, number | null>;
  readonly silent: readonly NodeId[];
}

/** Not there, and not on its way there. */
const SETTLED: ReadonlySet<Sight["kind"]> = new Set(["left", "ended", "absent"]);

type Answers = ReadonlyMap<NodeId, LookAnswer>;

/** @param hinted hosts that said, unasked, that they have one of them. */
export function inspect(
  vms: readonly VmRecord[],
  hinted: readonly NodeId[],
  deps: InspectionDependencies,
  turn: VetTurn,
  done: (findings: Findings, later: VetTurn) => void,
): void {
  const ids = vms.map(({ id }) => id);
  const hosts = unique([...hinted, ...vms.flatMap(({ host }) => (host === null ? [] : [host]))]);
  deps.askHosts(hosts, ids, turn, (answers, later) => {
    const findings = nearby(vms, answers, deps);
    const silent = hosts.filter((host) => !answers.has(host));
    const open = vms.filter(
      (vm, n) => findings.verdicts.get(vm.id)?.kind === "unclear" && isAstray(vm, n, answers, deps),
    );
    if (open.length === 0) return done({ ...findings, silent }, later);
    sweep(open, deps, later, (swept, last) => done(merge(findings, swept, silent), last));
  });
}

/** What the hosts a VM is known on say of it. */
function nearby(
  vms: readonly VmRecord[],
  answers: Answers,
  deps: InspectionDependencies,
): Pick<Findings, "verdicts" | "generations"> {
  const verdicts = new Map<VmId, Verdict>();
  const generations = new Map<VmId, number | null>();
  vms.forEach((vm, n) => {
    const found = whereabouts(n, answers);
    if (found !== null) generations.set(vm.id, found.generation);
    verdicts.set(vm.id, found?.verdict ?? withoutIt(vm, n, answers, deps));
  });
  return { verdicts, generations };
}

function withoutIt(vm: VmRecord, n: number, answers: Answers, deps: InspectionDependencies): Verdict {
  if (vm.host === null) return { kind: "gone", how: "it has no host" };
  const name = deps.nameOf(vm.host);
  const answer = answers.get(vm.host);
  const sight = answer?.sights[n];
  if (answer === undefined || sight === undefined) return { kind: "unclear", why: `${name} does not answer` };
  if (sight.kind === "expected") return { kind: "unclear", why: `${name} may be about to have it` };
  if (sight.kind === "ended") return { kind: "gone", how: `it ended on ${name}` };
  if (sight.kind === "absent" && answer.life === vm.life)
    return { kind: "gone", how: `it never started on ${name}` };
  return { kind: "unclear", why: `${name} has it no longer` };
}

/**
 * Everybody else is asked about a VM only when its host says that it is not, and will not be, with it; or has left, and
 * left nothing behind.
 */
function isAstray(vm: VmRecord, n: number, answers: Answers, deps: InspectionDependencies): boolean {
  if (vm.host !== null && deps.hasLeft(vm.host)) return true;
  const sight = vm.host === null ? undefined : answers.get(vm.host)?.sights[n];
  return sight !== undefined && SETTLED.has(sight.kind);
}

function sweep(
  vms: readonly VmRecord[],
  deps: InspectionDependencies,
  turn: VetTurn,
  done: (findings: Findings, later: VetTurn) => void,
): void {
  const ids = vms.map(({ id }) => id);
  const asked = { everybody: deps.everybody(), circle: deps.circle() };
  deps.askHosts(asked.everybody, ids, turn, (first, later) => {
    deps.askHosts(asked.everybody, ids, later, (second, last) => {
      done(compare(vms, asked, first, second, deps), last);
    });
  });
}

function compare(
  vms: readonly VmRecord[],
  { everybody, circle }: { readonly everybody: readonly NodeId[]; readonly circle: string | null },
  first: Answers,
  second: Answers,
  deps: InspectionDependencies,
): Findings {
  const silent = everybody.filter((node) => !first.has(node) || !second.has(node));
  const moving = everybody.some((node) => {
    const [before, after] = [first.get(node), second.get(node)];
    return before?.life !== after?.life || before?.version !== after?.version;
  });
  // A guest that is with a stranger came to it from somebody who knows it. Whoever is heard of meanwhile was not asked.
  const same = deps.circle() === circle;
  const all = same && [...second.values()].every((answer) => answer.circle === circle);
  const verdicts = new Map<VmId, Verdict>();
  const generations = new Map<VmId, number | null>();
  vms.forEach((vm, n) => {
    const found = whereabouts(n, second);
    if (found !== null) generations.set(vm.id, found.generation);
    const expected = [first, second].some((answers) =>
      sightsOf(n, answers).some(([, { kind }]) => !SETTLED.has(kind)),
    );
    verdicts.set(vm.id, found?.verdict ?? conclude(silent, moving || expected, all, deps));
  });
  return { verdicts, generations, silent };
}

function conclude(
  silent: readonly NodeId[],
  unsettled: boolean,
  all: boolean,
  deps: InspectionDependencies,
): Verdict {
  if (silent.length > 0) {
    const names = silent.slice(0, 3).map(deps.nameOf).join(", ");
    const more = silent.length > 3 ? ` and ${silent.length - 3} more` : "";
    return { kind: "unclear", why: `it may be on ${names}${more}, which cannot be asked` };
  }
  if (unsettled) return { kind: "unclear", why: "it may be moving just now" };
  if (!all) return { kind: "unclear", why: "it may be on a host that is not known here yet" };
  return { kind: "gone", how: "it is on no host" };
}

/** The host that has the VM; where two have (one of them about to let go), the one that runs it. */
function whereabouts(
  n: number,
  answers: Answers,
): { readonly verdict: Verdict; readonly generation: number | null } | null {
  const having = sightsOf(n, answers).flatMap(([host, sight]) =>
    sight.kind === "here" ? [{ host, sight }] : [],
  );
  const best = having.find(({ sight }) => sight.state === "running") ?? having[0];
  if (best === undefined) return null;
  const life = answers.get(best.host)?.life ?? "";
  return { verdict: { kind: "here", host: best.host, life }, generation: best.sight.generation };
}

function sightsOf(n: number, answers: Answers): [NodeId, Sight][] {
  return [...answers]
    .sort(([a], [b]) => byText(a, b))
    .flatMap(([host, { sights }]): [NodeId, Sight][] => {
      const sight = sights[n];
      return sight === undefined ? [] : [[host, sight]];
    });
}

function merge(
  near: Pick<Findings, "verdicts" | "generations">,
  far: Findings,
  silent: readonly NodeId[],
): Findings {
  return {
    verdicts: new Map([...near.verdicts, ...far.verdicts]),
    generations: new Map([...near.generations, ...far.generations]),
    silent: unique([...silent, ...far.silent]),
  };
}

function unique(nodes: readonly NodeId[]): NodeId[] {
  return [...new Set(nodes)].sort(byText);
}
