/**
 * Asking other agents: a command goes to a peer under an id, at least once; the peer carries it out once and
 * repeats its answer to duplicates. No answer within the deadline is `unreachable`: whether it was carried out
 * is then not known, and the failure says so.
 *
 * What a peer has answered is forgotten when its agent starts anew. A command that changes something names the life of
 * the agent that it is meant for: a later one has no way of knowing whether it has been carried out, and says that.
 */
import { present } from "../lib/assert.ts";
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
/** Answers kept for duplicates: to commands that change something, and to others, which are far more. */
const MAX_ANSWERS = 512;
const QUESTIONS_PER_BOOT = 1_000_000_000;
const TIMER = "agent/ask/";

export class Remote {
  readonly #questions = new Map<number, Question>();
  /** By `<peer>/<id>`; null: being worked on. */
  readonly #answers = {
    deeds: new Map<string, Answered | null>(),
    questions: new Map<string, Answered | null>(),
  };
  readonly #nameOf: (node: NodeId) => string;
  readonly #incarnationOf: (node: NodeId) => number;
  #next: number;
  /** This agent's incarnation when it started; null: it has not yet. */
  #life: number | null = null;
  #stopped = false;

  constructor(boot: number, nameOf: (node: NodeId) => string, incarnationOf: (node: NodeId) => number) {
    this.#next = boot * QUESTIONS_PER_BOOT;
    this.#nameOf = nameOf;
    this.#incarnationOf = incarnationOf;
  }

  start(life: number): void {
    this.#life = life;
  }

  /** Nothing is changed any more: what others are told of this agent from now on stays true. */
  stop(): void {
    this.#stopped = true;
  }

  /** Questions under way, and answers that are kept for duplicates, of the kind that has more of them. */
  get kept(): { readonly questions: number; readonly repeats: number } {
    const { deeds, questions } = this.#answers;
    return { questions: this.#questions.size, repeats: Math.max(deeds.size, questions.size) };
  }

  /** `after`: what must be durable here before the question leaves. */
  ask(to: NodeId, command: PeerCommand, turn: AgentTurn, done: Done, after?: PersistId): void {
    if (this.#questions.size >= MAX_QUESTIONS) {
      return done(fail({ code: "busy", message: "too many questions to other agents are under way" }), turn);
    }
    const id = this.#next++;
    const ask: Ask = { type: "control.ask", id, life: this.#incarnationOf(to), command };
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
    { id, life, command }: Ask,
    turn: AgentTurn,
    execute: (command: PeerCommand, respond: Respond) => void,
  ): void {
    const answers = isDeed(command) ? this.#answers.deeds : this.#answers.questions;
    const key = `${from}/${id}`;
    const known = answers.get(key);
    if (known === null) return;
    if (known !== undefined) {
      return turn.send(from, { type: "control.answer", re: id, result: known.result }, known.after);
    }
    if (isDeed(command) && this.#stopped) return;
    if (isDeed(command) && life < present(this.#life, "an agent that is asked has started")) {
      const result = fail({ code: "unreachable", message: "the agent that was asked has started anew" });
      return turn.send(from, { type: "control.answer", re: id, result });
    }
    remember(answers, key, null);
    execute(command, (result, later, after) => {
      remember(answers, key, { result, after });
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
}

function remember(answers: Map<string, Answered | null>, key: string, answered: Answered | null): void {
  answers.delete(key);
  answers.set(key, answered);
  if (answers.size <= MAX_ANSWERS) return;
  const oldest = answers.keys().next().value;
  if (oldest !== undefined) answers.delete(oldest);
}

const DEEDS: ReadonlySet<PeerCommand["type"]> = new Set([
  "ve.apply",
  "ve.start",
  "ve.stop",
  "ve.delete",
  "ve.adopt",
  "vet.adopt-into",
  "vet.transfer",
  "host.drain",
  "host.restore",
  "vm.migrate",
  "balance.mode",
  "agent.set-mode",
  "op.cancel",
]);

/** Whether it makes a difference that it is carried out once, and not later than meant. */
function isDeed({ type }: PeerCommand): boolean {
  return DEEDS.has(type);
}

/** How a command is answered, now or in a later step. */
export type Respond = (result: Result<unknown>, turn: AgentTurn, after?: number) => void;

function triesOf({ type }: PeerCommand): number {
  return type.startsWith("ve.") || type === "vet.adopt-into" ? TRIES_OF_HOMES : TRIES;
}
