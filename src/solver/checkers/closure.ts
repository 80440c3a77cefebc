/**
 * The worst load a set of hosts can see at the start of one action, over every legal order. Arrivals that may have
 * started weigh for it; each brings along the departures that must have ended before it. Choosing the heaviest
 * closed set is project selection: by minimum cut (Picard 1976).
 */
export interface Movement {
  readonly action: number;
  readonly amount: number;
}

/** Heaviest sum of arrivals minus the departures that the chosen arrivals need. */
export function heaviestClosure(
  arrivals: readonly Movement[],
  departures: readonly Movement[],
  needs: (arrival: number, departure: number) => boolean,
): number {
  const flow = new Matching(arrivals, departures, needs);
  return arrivals.reduce((sum, { amount }) => sum + amount, 0) - flow.maximum();
}

/** Maximum flow from arrivals to the departures they need, each bounded by its amount. */
class Matching {
  readonly #supply: number[];
  readonly #room: number[];
  readonly #edges: number[][];
  readonly #sent: Map<number, number>[];

  constructor(
    arrivals: readonly Movement[],
    departures: readonly Movement[],
    needs: (arrival: number, departure: number) => boolean,
  ) {
    this.#supply = arrivals.map(({ amount }) => amount);
    this.#room = departures.map(({ amount }) => amount);
    this.#edges = arrivals.map((a) =>
      [...departures.keys()].filter((d) => needs(a.action, (departures[d] as Movement).action)),
    );
    this.#sent = departures.map(() => new Map());
  }

  maximum(): number {
    let total = 0;
    for (let a = 0; a < this.#supply.length; a++) {
      for (;;) {
        const sent = this.#push(a, this.#supply[a] as number, new Set());
        if (sent === 0) break;
        this.#supply[a] = (this.#supply[a] as number) - sent;
        total += sent;
      }
    }
    return total;
  }

  #push(arrival: number, amount: number, seen: Set<number>): number {
    if (amount === 0) return 0;
    for (const d of this.#edges[arrival] as readonly number[]) {
      if (seen.has(d)) continue;
      seen.add(d);
      const sent = this.#into(d, arrival, amount, seen);
      if (sent > 0) return sent;
    }
    return 0;
  }

  /** Uses the departure's own room, or sends what another arrival has put there elsewhere. */
  #into(d: number, arrival: number, amount: number, seen: Set<number>): number {
    const sent = this.#sent[d] as Map<number, number>;
    const room = this.#room[d] as number;
    if (room > 0) {
      const step = Math.min(room, amount);
      this.#room[d] = room - step;
      sent.set(arrival, (sent.get(arrival) ?? 0) + step);
      return step;
    }
    for (const [other, its] of sent) {
      if (other === arrival || its === 0) continue;
      const moved = this.#push(other, Math.min(its, amount), seen);
      if (moved === 0) continue;
      sent.set(other, its - moved);
      sent.set(arrival, (sent.get(arrival) ?? 0) + moved);
      return moved;
    }
    return 0;
  }
}
