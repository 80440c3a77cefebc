/**
 * Asking other agents: a command goes to a peer under an id, at least once; the peer carries it out once and
 * repeats its answer to duplicates. No answer within the deadline is `unreachable`: whether it was carried out
 * is then not known, and the failure says so.
 */
import { fail, type Result } from "../lib/error.ts";
import { seconds } from "../lib/instant.ts";
import { byText } from "../lib/order.ts";
import type { NodeId } from "../model/node.ts";
import type { PersistId } from "../ports/effects.ts";
import type { PeerCommand } from "./commands.ts";
import type { Ask, AskAnswer } from "./messages.ts";
import type { AgentTurn } from "./turn.ts";

export type Done = (result: Result<unknown>, turn: AgentTurn) => void;

interface Question {
  readonly to: NodeId;
  readonly ask: Ask;
  readonly done: Done;
  /** What must be durable here before the question leaves, each time. */
  readonly after: PersistId | undefined;
  tries: number;
}

/** An answer, and what must be durable here before it is given, each time. */
interface Answered {
  readonly result: Result<unknown>;
  readonly after: PersistId | undefined;
}

const RETRY_MS = seconds(2);
const TRIES = 3;
/** A VE's home may itself have to ask everybody, twice, before it answers. */
const TRIES_OF_HOMES = 12;
/** Questions under way at once; an agent that has more is being flooded by its own users. */
const MAX_QUESTIONS = 4096;
/** Answers kept for duplicates. */
const MAX_ANSWERS = 512;
const QUESTIONS_PER_BOOT = 1_000_000_000;
const TIMER = "agent/ask/";

export class Remote {
  readonly #questions = new Map<number, Question>();
  /** By `<peer>/<id>`; null: being worked on. */
  readonly #answers = new Map<string, Answered | null>();
  readonly #nameOf: (node: NodeId) => string;
  #next: number;

  constructor(boot: number, nameOf: (node: NodeId) => string) {
    this.#next = boot * QUESTIONS_PER_BOOT;
    this.#nameOf = nameOf;
  }

  /** `after`: what must be durable here before the question leaves. */
  ask(to: NodeId, command: PeerCommand, turn: AgentTurn, done: Done, after?: PersistId): void {
    if (this.#questions.size >= MAX_QUESTIONS) {
      return done(fail({ code: "busy", message: "too many questions to other agents are under way" }), turn);
    }
    const id = this.#next++;
    const ask: Ask = { type: "control.ask", id, command };
    this.#questions.set(id, { to, ask, done, after, tries: triesOf(command) });
    turn.send(to, ask, after);
    turn.setTimer(`${TIMER}${id}`, RETRY_MS);
  }

  onAnswer(from: NodeId, { re, result }: AskAnswer, turn: AgentTurn): void {
    const question = this.#questions.get(re);
    if (question?.to !== from) return;
    this.#questions.delete(re);
    turn.clearTimer(`${TIMER}${re}`);
    question.done(result, turn);
  }

  /** Carries a peer's command out once. */
  onAsk(
    from: NodeId,
    { id, command }: Ask,
    turn: AgentTurn,
    execute: (command: PeerCommand, respond: Respond) => void,
  ): void {
    const key = `${from}/${id}`;
    const known = this.#answers.get(key);
    if (known === null) return;
    if (known !== undefined) {
      return turn.send(from, { type: "control.answer", re: id, result: known.result }, known.after);
    }
    this.#remember(key, null);
    execute(command, (result, later, after) => {
      this.#remember(key, { result, after });
      later.send(from, { type: "control.answer", re: id, result }, after);
    });
  }

  onTimer(timer: string, turn: AgentTurn): boolean {
    if (!timer.startsWith(TIMER)) return false;
    const id = Number(timer.slice(TIMER.length));
    const question = this.#questions.get(id);
    if (question === undefined) return true;
    question.tries--;
    if (question.tries <= 0) this.#giveUp(id, question, turn);
    else {
      turn.send(question.to, question.ask, question.after);
      turn.setTimer(timer, RETRY_MS);
    }
    return true;
  }

  onPeerGone(peer: NodeId, turn: AgentTurn): void {
    const gone = [...this.#questions].filter(([, { to }]) => to === peer);
    for (const [id, question] of gone.sort(([a], [b]) => byText(String(a), String(b)))) {
      turn.clearTimer(`${TIMER}${id}`);
      this.#giveUp(id, question, turn);
    }
  }

  #giveUp(id: number, question: Question, turn: AgentTurn): void {
    if (!this.#questions.delete(id)) return;
    const name = this.#nameOf(question.to);
    const message = `${name} does not answer`;
    question.done(fail({ code: "unreachable", message, hint: `discoveryctl host show ${name}` }), turn);
  }

  #remember(key: string, result: Answered | null): void {
    this.#answers.delete(key);
    this.#answers.set(key, result);
    if (this.#answers.size <= MAX_ANSWERS) return;
    const oldest = this.#answers.keys().next().value;
    if (oldest !== undefined) this.#answers.delete(oldest);
  }
}

/** How a command is answered, now or in a later step. */
export type Respond = (result: Result<unknown>, turn: AgentTurn, after?: number) => void;

function triesOf({ type }: PeerCommand): number {
  return type.startsWith("ve.") || type === "vet.adopt-into" ? TRIES_OF_HOMES : TRIES;
}
