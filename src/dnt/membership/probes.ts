/**
 * Who is probed, and what came of it. Members are taken in turn from a list in random order, so each is
 * probed within as many rounds as there are members, and round trips to all of them are known.
 *
 *   ping ──ack──────────────────────────────→ answered
 *     └─ a period without ─→ ping again, and through helpers ──any answer──→ answered
 *                                 └─ a period without ─→ failed
 *
 * Deviation from SWIM: the stages advance with the round and not by a timeout of their own, so a healthy
 * probe costs no timer; the time that takes is taken off the suspicion instead.
 */
import type { Instant, Millis } from "../../lib/instant.ts";
import type { Random } from "../../lib/random.ts";
import type { NodeId } from "../../model/node.ts";
import { MOST_PROBES_PER_PERIOD, MOST_RELAYS, PROBES_TIMES_MEMBERS } from "./settings.ts";

interface Probe {
  /** The numbers of its first and its last ping, requests to helpers included. */
  readonly first: number;
  last: number;
  readonly startedAt: Instant;
  sentAt: Instant;
  indirect: boolean;
  /** Helpers asked, and those that found the target silent, too. */
  asked: number;
  readonly silentTowards: NodeId[];
}

interface Relay {
  readonly requester: NodeId;
  readonly sequence: number;
  readonly target: NodeId;
  readonly since: Instant;
}

export interface FailedProbe {
  readonly target: NodeId;
  /** How many helpers were asked, and who of them found the target silent, too. */
  readonly asked: number;
  readonly silentTowards: readonly NodeId[];
  /** Whether anybody answered us while this probe was open: if not, the fault may be ours. */
  readonly heardOthers: boolean;
}

/** The answer of a pinged member. */
export interface Answered {
  /** The probe it ends, if it was ours: the round trip in ms, or null when it cannot be told which ping it answers. */
  readonly probe: { readonly roundTrip: Millis | null } | null;
  /** The request of another member that it fulfils. */
  readonly relay: Relay | null;
}

export class Probes {
  readonly #random: Random;
  readonly #rota: NodeId[] = [];
  readonly #open = new Map<NodeId, Probe>();
  readonly #relays = new Map<number, Relay>();
  #next = 0;
  #sequence = 0;
  #answeredAt: Instant = -1;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Members that are probed in turn, open probes, and open requests of others. */
  get kept(): { readonly rota: number; readonly probes: number; readonly relays: number } {
    return { rota: this.#rota.length, probes: this.#open.size, relays: this.#relays.size };
  }

  add(id: NodeId): void {
    const at = this.#random.int(0, this.#rota.length);
    this.#rota.splice(at, 0, id);
    if (at < this.#next) this.#next++;
  }

  remove(id: NodeId): void {
    this.#open.delete(id);
    const at = this.#rota.indexOf(id);
    if (at === -1) return;
    this.#rota.splice(at, 1);
    if (at < this.#next) this.#next--;
  }

  /** Opens the round's probes; `least` more than usual after a stall. Returns target and number of each ping. */
  start(now: Instant, least: number): { readonly target: NodeId; readonly sequence: number }[] {
    const started: { target: NodeId; sequence: number }[] = [];
    const wanted = Math.min(this.#rota.length, Math.max(least, this.#perPeriod()));
    for (let looked = 0; looked < this.#rota.length && started.length < wanted; looked++) {
      const target = this.#turn();
      if (this.#open.has(target)) continue;
      const sequence = ++this.#sequence;
      this.#open.set(target, {
        first: sequence,
        last: sequence,
        startedAt: now,
        sentAt: now,
        indirect: false,
        asked: 0,
        silentTowards: [],
      });
      started.push({ target, sequence });
    }
    return started;
  }

  /** Advances what is unanswered: those to ask helpers for, and those that failed. */
  advance(): { readonly unanswered: readonly NodeId[]; readonly failed: readonly FailedProbe[] } {
    const unanswered: NodeId[] = [];
    const failed: FailedProbe[] = [];
    for (const [target, probe] of this.#open) {
      if (!probe.indirect) unanswered.push(target);
      else failed.push(this.#fail(target, probe));
    }
    return { unanswered, failed };
  }

  /** Notes the second ping, through helpers as well; returns its number. */
  retry(target: NodeId, helpers: number, now: Instant): number {
    const probe = this.#open.get(target);
    const sequence = ++this.#sequence;
    if (probe !== undefined) {
      probe.last = sequence;
      probe.sentAt = now;
      probe.indirect = true;
      probe.asked = helpers;
    }
    return sequence;
  }

  /** Notes a ping on behalf of another; null when too many are open. */
  relay(requester: NodeId, sequence: number, target: NodeId, now: Instant): number | null {
    if (this.#relays.size >= MOST_RELAYS) return null;
    const own = ++this.#sequence;
    this.#relays.set(own, { requester, sequence, target, since: now });
    return own;
  }

  /** Requests older than `patience` whose target was silent: they are to be told so. */
  silentRelays(now: Instant, patience: Millis): Relay[] {
    const silent: Relay[] = [];
    for (const [sequence, relay] of this.#relays) {
      if (now - relay.since < patience) continue;
      silent.push(relay);
      this.#relays.delete(sequence);
    }
    return silent;
  }

  acknowledged(from: NodeId, sequence: number, now: Instant): Answered {
    const relay = this.#fulfilled(from, sequence);
    const probe = this.#open.get(from);
    const answers = probe !== undefined && sequence >= probe.first && sequence <= probe.last;
    if (relay !== null || answers) this.#answeredAt = now;
    if (!answers) return { probe: null, relay };
    this.#open.delete(from);
    return { probe: { roundTrip: sequence === probe.last ? now - probe.sentAt : null }, relay };
  }

  #fulfilled(from: NodeId, sequence: number): Relay | null {
    const relay = this.#relays.get(sequence);
    if (relay?.target !== from) return null;
    this.#relays.delete(sequence);
    return relay;
  }

  /** What a helper says; `false` when nothing was asked of it. */
  helped(helper: NodeId, target: NodeId, sequence: number, reached: boolean, now: Instant): boolean {
    const probe = this.#open.get(target);
    if (probe === undefined || sequence !== probe.last || !probe.indirect) return false;
    this.#answeredAt = now;
    if (reached) this.#open.delete(target);
    else if (!probe.silentTowards.includes(helper)) probe.silentTowards.push(helper);
    return true;
  }

  #fail(target: NodeId, probe: Probe): FailedProbe {
    this.#open.delete(target);
    const heardOthers = this.#answeredAt >= probe.startedAt;
    return { target, asked: probe.asked, silentTowards: probe.silentTowards, heardOthers };
  }

  #perPeriod(): number {
    const share = Math.ceil(PROBES_TIMES_MEMBERS / (this.#rota.length + 1));
    return Math.min(MOST_PROBES_PER_PERIOD, share);
  }

  #turn(): NodeId {
    if (this.#next >= this.#rota.length) this.#next = 0;
    return this.#rota[this.#next++] as NodeId;
  }
}
