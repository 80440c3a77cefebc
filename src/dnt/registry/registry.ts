/**
 * Who holds the record of a name. In this version a record lives once, with its *home* (rendezvous hash over the
 * members); a replicated register takes this module's place later, behind the same methods.
 *
 *   nobody ─find: nobody has it─▶ held ─move─▶ moving ─acknowledged─▶ (held by the next home)
 *                                  │ forget
 *                                  ▼
 *                                gone
 *
 * - A record is changed only where it is held, and not while it moves. *Moving* is durable before the transfer
 *   is sent, and the transfer is durable with its receiver before it is acknowledged: at every instant exactly
 *   one member acts on it. A record that moves waits for its receiver, however long that takes.
 * - A name is created only by its home, after everybody who can be asked has said twice that they neither hold nor
 *   create it, that no such record has come or gone with them in between (a record on the move could slip past one
 *   round of questions), and that they know of the same members: a newcomer that some have not heard of may hold it. And
 *   only if nobody who cannot be asked could hold it: everybody silent is acquainted with this member (`Acquaintances`),
 *   would not rather be the home itself, and the name did not go elsewhere while this member was draining (`Ceded`). Who is
 *   acquainted with it had nothing that belongs here, and gets nothing such later without this member being told.
 *   An agent that is new and has not met its seeds may be of a group that formed apart.
 *
 * Thin: a home that is lost takes its records with it.
 */
import { assert } from "../../lib/assert.ts";
import { fail, ok, type Result } from "../../lib/error.ts";
import { byText, sortedEntries, sortedValues } from "../../lib/order.ts";
import type { NodeId } from "../../model/node.ts";
import type { PersistId, Write } from "../../ports/effects.ts";
import { Acquaintances } from "./acquaintances.ts";
import { Agreement } from "./agreement.ts";
import { Ceded } from "./ceded.ts";
import type {
  CircleAnswer,
  Found,
  HoldsAnswer,
  RegistryCommand,
  RegistryDependencies,
  RegistryTurn,
  Taken,
  Transfer,
} from "./questions.ts";
import { Receipts } from "./receipts.ts";
import { homeOf, type RegistryMember, ranksAbove } from "./rendezvous.ts";
import { Search } from "./search.ts";

interface Stored<R> {
  readonly record: R;
  /** Who would rather be its home, maybe, and knows where it is (`Transfer.told`). */
  readonly told: readonly NodeId[];
  readonly moving: { readonly to: NodeId; readonly number: number } | null;
}

/** Names that something is remembered of: more than one agent's records and guests together. */
const MAX_NAMES = 16_384;
const PREFIX = "registry/record/";
const KEY_TRANSFERS = "registry/transfers";
/** So many who know where a record is are remembered; others are told again. */
const MOST_TOLD = 64;

export class Registry<R extends { readonly name: string; readonly handler: string }> {
  readonly #deps: RegistryDependencies<R>;
  readonly #stored = new Map<string, Stored<R>>();
  readonly #search: Search;
  readonly #receipts: Receipts;
  readonly #ceded: Ceded;
  readonly #acquaintances: Acquaintances;
  readonly #agreement: Agreement;
  /** Names whose transfer is being asked for just now. */
  readonly #asking = new Set<string>();
  /** Names that are being taken over: others are told first. */
  readonly #taking = new Set<string>();
  #transfers: number;
  /** The last write by which a record went from here. */
  #gone: PersistId | undefined;
  /** Homes of names, as long as nobody comes, goes or drains. */
  readonly #homes = new Map<string, NodeId | null>();
  /** The members that the homes were chosen from. */
  #list: readonly RegistryMember[] = [];
  /** How often a record of a name has come or gone, and how many names have been forgotten here. */
  readonly #changes = new Map<string, number>();
  #forgotten = 0;
  /** Has taken its leave: what is answered until the process ends is of no use any more. */
  #left = false;

  constructor(deps: RegistryDependencies<R>, restored: ReadonlyMap<string, unknown>) {
    this.#deps = deps;
    this.#receipts = new Receipts(restored);
    this.#ceded = new Ceded(restored);
    this.#transfers = (restored.get(KEY_TRANSFERS) as number | undefined) ?? 0;
    this.#acquaintances = new Acquaintances(deps, restored);
    this.#agreement = new Agreement(deps);
    this.#search = new Search(deps, {
      has: (name) => this.#stored.has(name),
      holding: (name) => this.#holding(name),
      ceded: (name) => this.#ceded.has(name),
      acquainted: (id) => this.#acquaintances.has(id),
      left: () => this.#left,
    });
    for (const [key, value] of sortedEntries(restored)) {
      if (!key.startsWith(PREFIX)) continue;
      const { record, moving, told = [] } = value as Stored<R> & { told?: Stored<R>["told"] };
      this.#stored.set(key.slice(PREFIX.length), { record, moving, told });
    }
  }

  homeOf(name: string): NodeId | null {
    const members = this.#deps.members();
    if (members !== this.#list && !sameElectorate(members, this.#list)) this.#homes.clear();
    this.#list = members;
    if (this.#homes.size >= MAX_NAMES) this.#homes.clear();
    const known = this.#homes.get(name);
    if (known !== undefined) return known;
    const home = homeOf(name, members);
    this.#homes.set(name, home);
    return home;
  }

  /** A record that this member may act on. */
  get(name: string): R | undefined {
    const stored = this.#stored.get(name);
    return stored?.moving === null ? stored.record : undefined;
  }

  /** Every record that this member may act on, by name. */
  held(): R[] {
    return sortedValues(this.#stored).flatMap(({ record, moving }) => (moving === null ? [record] : []));
  }

  /** Where a record of that name is on its way to from here, or null. */
  movingTo(name: string): NodeId | null {
    return this.#stored.get(name)?.moving?.to ?? null;
  }

  /** Records here, those on their way included. */
  get size(): number {
    return this.#stored.size;
  }

  /** How much is remembered of each kind. */
  sizes() {
    return {
      records: this.#stored.size,
      creating: this.#search.creating.size,
      transfers: this.#asking.size,
      homes: this.#homes.size,
      changes: this.#changes.size,
      ceded: this.#ceded.size,
      acquaintances: this.#acquaintances.size,
      taking: this.#taking.size,
      ...this.#receipts.kept,
    };
  }

  /** Answers `vet.holds`, when `after` is durable. */
  asked(
    from: NodeId,
    { name, claim }: Pick<Extract<RegistryCommand<R>, { type: "vet.holds" }>, "name" | "claim">,
    turn: RegistryTurn,
  ): { readonly answer: Result<HoldsAnswer>; readonly after?: PersistId } {
    const answer = ok(this.#holding(name));
    const { durable } = this.#deps.circle();
    const cedes = claim && !this.#stored.has(name) && ranksAbove(name, this.#deps.self, from);
    if (!cedes) return durable === undefined ? { answer } : { answer, after: durable };
    if (this.#ceded.room(name)) return { answer, after: turn.persist([this.#ceded.add(name)]) };
    const message = "this agent remembers no more names that went elsewhere while it was draining";
    return { answer: fail({ code: "busy", message }) };
  }

  #holding(name: string): HoldsAnswer {
    const version = `${this.#deps.boot}.${this.#forgotten}.${this.#changes.get(name) ?? 0}`;
    const circle = this.#deps.circle().print;
    if (this.#stored.has(name)) return { holding: "record", version, circle };
    return { holding: this.#search.creating.has(name) ? "creating" : "no", version, circle };
  }

  /** @param back whether it had set out for somebody who never got it. */
  put(record: R, turn: RegistryTurn, back = false): PersistId {
    assert(back || this.movingTo(record.name) === null, "a record that moves is not changed");
    const before = this.#stored.get(record.name);
    if (before === undefined) this.#changed(record.name);
    // A new one: all these have just answered that they do not hold it, and keep in mind that somebody else may.
    const told = before?.told ?? this.#above(record.name);
    const stored: Stored<R> = { record, moving: null, told: told.slice(0, MOST_TOLD) };
    this.#stored.set(record.name, stored);
    return turn.persist([{ key: PREFIX + record.name, value: stored }, ...this.#ceded.remove(record.name)]);
  }

  forget(name: string, turn: RegistryTurn): PersistId {
    assert(this.movingTo(name) === null, "a record that moves is not forgotten");
    this.#changed(name);
    this.#stored.delete(name);
    this.#gone = turn.persist([{ key: PREFIX + name, value: null }]);
    return this.#gone;
  }

  /** Asks everybody for the name. With `claim` this member says, until `done` is called, that it is creating it. */
  find(
    name: string,
    claim: boolean,
    turn: RegistryTurn,
    done: (found: Found, later: RegistryTurn) => void,
  ): void {
    this.#search.find(name, claim, turn, done);
  }

  /**
   * Records that belong elsewhere as the members are now, and can go there: what is on its way is not acted on, so none sets
   * out past somebody who would rather be its home and cannot be told.
   */
  misplaced(): readonly { readonly name: string; readonly to: NodeId }[] {
    const members = this.#deps.members();
    if (this.#stored.size === 0) return [];
    const up = new Set(members.filter(({ state }) => state === "alive").map(({ id }) => id));
    const dead = members.filter(({ state }) => state === "dead").map(({ id }) => id);
    const silent = [...dead, ...this.#deps.unheard()];
    return this.held().flatMap(({ name }) => {
      const to = this.homeOf(name);
      if (to === null || to === this.#deps.self || !up.has(to)) return [];
      const told = this.#stored.get(name)?.told ?? [];
      const past = silent.some((id) => ranksAbove(name, id, to) && !told.includes(id));
      return past ? [] : [{ name, to }];
    });
  }

  /** From here on the record is not acted on here any more; `moved` when its receiver has it. */
  move(name: string, to: NodeId, turn: RegistryTurn, moved: (later: RegistryTurn) => void): void {
    const held = this.#stored.get(name);
    const here = held?.moving === null && to !== this.#deps.self;
    assert(held !== undefined && here, "only a record held here moves, to somebody else");
    const number = ++this.#transfers;
    const stored: Stored<R> = { ...held, moving: { to, number } };
    this.#stored.set(name, stored);
    const after = turn.persist([
      { key: KEY_TRANSFERS, value: number },
      { key: PREFIX + name, value: stored },
    ]);
    this.#send(name, turn, moved, after);
  }

  /**
   * Asks again for every transfer that has not been acknowledged. Who has left never got it (`settled`): its record is
   * `kept` here.
   */
  resend(
    turn: RegistryTurn,
    moved: (name: string, to: NodeId, later: RegistryTurn) => void,
    kept: (name: string) => void,
  ): void {
    for (const [name, { record, moving }] of sortedEntries(this.#stored)) {
      if (moving === null || this.#asking.has(name)) continue;
      if (this.#deps.hasLeft(moving.to)) {
        this.put(record, turn, true);
        kept(name);
      } else {
        // Whom it goes to is known after a restart, too.
        this.#send(name, turn, (later) => moved(name, moving.to, later), this.#deps.circle().durable);
      }
    }
  }

  /**
   * Whether this member may leave: nothing is here or being taken over, no sender waits for an acknowledgement, and all who
   * are there know the same members as this one: whoever has something from here is known to others than this one.
   */
  get settled(): boolean {
    const open = this.#receipts.open().some((sender) => !this.#deps.hasLeft(sender));
    const quiet = this.#stored.size + this.#taking.size + this.#search.creating.size === 0 && !open;
    return quiet && this.#agreement.holds;
  }

  /** Asks what it takes to be settled; `agreed` is called when all who are there know whom this member knows. */
  settle(turn: RegistryTurn, agreed: (later: RegistryTurn) => void = () => {}): void {
    if (this.settled) return;
    for (const sender of this.#receipts.open()) {
      this.#deps.ask(sender, { type: "vet.floor" }, turn, (result, later) => {
        const rows = result.ok ? this.#receipts.close(sender, Number(result.value)) : [];
        if (rows.length > 0) later.persist(rows);
      });
    }
    this.#agreement.seek(turn, agreed);
  }

  /** This member leaves: if it comes back, nobody needs to know it any more. @returns what is written before it is told. */
  left(): readonly Write[] {
    assert(this.settled, "who leaves holds nothing");
    this.#left = true;
    return this.#acquaintances.leave();
  }

  /**
   * Takes a record over from another member; `done` is called once. Members that would rather be its home, but are draining
   * or not known to the sender, are told before (`Ceded`).
   */
  take(
    from: NodeId,
    transfer: Extract<RegistryCommand<R>, { type: "vet.transfer" }>,
    turn: RegistryTurn,
    done: (taken: Taken, later: RegistryTurn) => void,
  ): void {
    const { name } = transfer.record;
    const told = new Set(transfer.told);
    const untold = (): NodeId[] => this.#above(name).filter((id) => id !== from && !told.has(id));
    const above = untold();
    if (above.length === 0 || this.#had(from, transfer)) return done(this.#take(from, transfer, turn), turn);
    if (this.#taking.has(name)) return done({ kind: "busy" }, turn);
    this.#taking.add(name);
    let open = above.length;
    for (const id of above) {
      this.#deps.ask(id, { type: "vet.holds", name, claim: true }, turn, (result, later) => {
        if (result.ok && (result.value as HoldsAnswer).holding === "no") told.add(id);
        if (--open > 0) return;
        this.#taking.delete(name);
        const all = untold().length === 0;
        done(all ? this.#take(from, { ...transfer, told: [...told] }, later) : { kind: "busy" }, later);
      });
    }
  }

  /** Who would rather be home of the name, though nobody may have heard of it since a restart. */
  #above(name: string): NodeId[] {
    const { self, members, unheard } = this.#deps;
    const known = members().flatMap(({ id, state }) => (state === "left" ? [] : [id]));
    return [...known, ...unheard()].filter((id) => id !== self && ranksAbove(name, id, self)).sort(byText);
  }

  #had(from: NodeId, { record, number }: Pick<Transfer<R>, "record" | "number">): boolean {
    return this.#receipts.taken(from, number) || this.#stored.has(record.name);
  }

  #take(from: NodeId, { record, number, floor, told }: Transfer<R>, turn: RegistryTurn): Taken {
    if (this.#receipts.taken(from, number)) {
      return { kind: "known", after: turn.persist([this.#receipts.row(from)]) };
    }
    if (this.#stored.has(record.name)) return { kind: "conflict" };
    const { self } = this.#deps;
    // Who gives it away keeps that in mind if it would rather be its home than this member.
    const knowing = ranksAbove(record.name, from, self) ? [...told, from] : told;
    const others = knowing.filter((id) => id !== self).slice(0, MOST_TOLD);
    const stored: Stored<R> = { record, moving: null, told: others };
    this.#changed(record.name);
    this.#stored.set(record.name, stored);
    const receipt = this.#receipts.take(from, number, floor);
    const rows = [receipt, { key: PREFIX + record.name, value: stored }];
    const after = turn.persist([...rows, ...this.#ceded.remove(record.name)]);
    return { kind: "taken", after };
  }

  /** Asks some of those who are there, time and again, until they all are acquainted with this member. */
  beKnown(turn: RegistryTurn): void {
    this.#acquaintances.make(turn);
  }

  /** Answers `vet.circle`, when `after` is durable. */
  known(from: NodeId): { readonly answer: CircleAnswer; readonly after: PersistId | undefined } {
    const { self, circle } = this.#deps;
    const { print, durable } = circle();
    const owes = [...this.#stored.keys(), ...this.#search.creating].some((name) =>
      ranksAbove(name, from, self),
    );
    const after = Math.max(this.#gone ?? 0, durable ?? 0);
    return { answer: { circle: print, owes }, after: after === 0 ? undefined : after };
  }

  #changed(name: string): void {
    const count = (this.#changes.get(name) ?? 0) + 1;
    this.#changes.delete(name);
    this.#changes.set(name, count);
    if (this.#changes.size <= MAX_NAMES) return;
    const oldest = this.#changes.keys().next().value;
    if (oldest !== undefined) this.#changes.delete(oldest);
    this.#forgotten++;
  }

  #send(
    name: string,
    turn: RegistryTurn,
    moved: (later: RegistryTurn) => void,
    after: PersistId | undefined,
  ): void {
    const stored = this.#stored.get(name);
    if (stored === undefined || stored.moving === null) return;
    const { to, number } = stored.moving;
    this.#asking.add(name);
    const { record, told } = stored;
    const command = { type: "vet.transfer", record, number, floor: this.#floor(to), told } as const;
    const done = (result: Result<unknown>, later: RegistryTurn): void => {
      this.#asking.delete(name);
      if (!result.ok || this.#stored.get(name)?.moving?.number !== number) return;
      this.#changed(name);
      this.#stored.delete(name);
      const ceded = ranksAbove(name, this.#deps.self, to) ? [this.#ceded.add(name)] : [];
      this.#gone = later.persist([{ key: PREFIX + name, value: null }, ...ceded]);
      moved(later);
    };
    this.#deps.ask(to, command, turn, done, after);
  }

  /** The oldest transfer to that member which it has not acknowledged, or the next one. */
  #floor(to: NodeId): number {
    const open = [...this.#stored.values()].flatMap(({ moving }) =>
      moving?.to === to ? [moving.number] : [],
    );
    return Math.min(...open, this.#transfers + 1);
  }

  /** Answers `vet.floor`, when `after` is durable: what is over will not be asked for again, whatever happens here. */
  floorOf(to: NodeId): { readonly floor: number; readonly after: PersistId | undefined } {
    return { floor: this.#floor(to), after: this.#gone };
  }
}

/** Whether both lists, in the same order, offer the same homes. */
function sameElectorate(a: readonly RegistryMember[], b: readonly RegistryMember[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((member, i) => {
    const other = b[i] as RegistryMember;
    if (member === other) return true;
    const left = (member.state === "left") === (other.state === "left");
    return member.id === other.id && left && member.draining === other.draining;
  });
}
