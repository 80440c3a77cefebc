import type { Result } from "../lib/error.ts";
import type { Instant } from "../lib/instant.ts";
import type { Member } from "../model/member.ts";
import type { NodeId } from "../model/node.ts";
import type { PeerCommand } from "./commands.ts";
import type { Remote } from "./remote.ts";
import type { AgentTurn } from "./turn.ts";
import type { Coverage } from "./views.ts";

export interface SurveyDependencies {
  readonly self: NodeId;
  readonly remote: Remote;
  readonly members: () => readonly Member[];
  readonly lastHeard: (id: NodeId, now: Instant) => number | null;
  /** Carries the command out on this agent. */
  readonly own: (command: PeerCommand, turn: AgentTurn) => Result<unknown>;
}

export interface Findings {
  /** In the order of node ids. */
  readonly answers: readonly { readonly node: NodeId; readonly value: unknown }[];
  readonly coverage: Coverage;
}

/** Asks every member the same and collects what comes back; dead ones are not asked, and are told as unreachable. */
export function survey(
  command: PeerCommand,
  deps: SurveyDependencies,
  turn: AgentTurn,
  done: (findings: Findings, turn: AgentTurn) => void,
): void {
  const members = deps.members().filter(({ state }) => state !== "left");
  const answers = new Map<NodeId, unknown>();
  const waiting = new Set(
    members.filter(({ id, state }) => id !== deps.self && state !== "dead").map(({ id }) => id),
  );
  const finish = (later: AgentTurn): void => {
    const found = members
      .filter(({ id }) => answers.has(id))
      .map(({ id }) => ({ node: id, value: answers.get(id) }));
    done({ answers: found, coverage: coverage(members, answers, deps, later.now) }, later);
  };
  const own = deps.own(command, turn);
  if (own.ok) answers.set(deps.self, own.value);
  if (waiting.size === 0) return finish(turn);
  for (const peer of [...waiting]) {
    deps.remote.ask(peer, command, turn, (result, later) => {
      waiting.delete(peer);
      if (result.ok) answers.set(peer, result.value);
      if (waiting.size === 0) finish(later);
    });
  }
}

function coverage(
  members: readonly Member[],
  answers: ReadonlyMap<NodeId, unknown>,
  deps: SurveyDependencies,
  now: Instant,
): Coverage {
  const silent = members.filter(({ id }) => !answers.has(id));
  return {
    hostsKnown: members.length,
    hostsAnswered: members.length - silent.length,
    unreachable: silent.map(({ id, name, state }) => ({
      host: name,
      state,
      lastHeardMs: deps.lastHeard(id, now),
    })),
  };
}
