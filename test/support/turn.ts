import type { AgentEffect } from "../../src/agent/turn.ts";
import { AgentTurn, Counters } from "../../src/agent/turn.ts";

/** Steps a machine by hand: a turn at an instant, whose effects can be read afterwards. */
export class Stepper {
  readonly #counters = new Counters();
  now = 1_000;

  /** Runs `action` in a turn `afterMs` later and returns its effects. */
  turn(action: (turn: AgentTurn) => void, afterMs = 0): readonly AgentEffect[] {
    this.now += afterMs;
    const turn = new AgentTurn(this.now, this.#counters);
    action(turn);
    return turn.effects;
  }
}

export function sent<T extends string>(effects: readonly AgentEffect[], type: T) {
  return effects.flatMap((effect) =>
    effect.kind === "send" && effect.message.type === type ? [effect] : [],
  );
}
