/**
 * What every journal promises, the real one and the simulator's model: writes become durable in the order of the
 * calls, each whole or not at all, and none is reported before it is durable.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { byText } from "../../../src/lib/order.ts";
import { Random } from "../../../src/lib/random.ts";
import type { PersistId, Write } from "../../../src/ports/effects.ts";
import type { JournalPort, JournalSink } from "../../../src/ports/ports.ts";

/** A journal on a medium of its own that outlives crashes. */
export interface JournalMedium {
  /** Opens it; resolves with the journal and what is durable. */
  open(sink: JournalSink): Promise<{ journal: JournalPort; rows: ReadonlyMap<string, unknown> }>;
  /** Ends the open journal at once: whatever is not durable is lost. */
  crash(): Promise<void>;
  /** Lets time pass until the condition holds; fails when it never does. */
  until(what: string, holds: () => boolean): Promise<void>;
  /** Ends the journal and clears away. */
  dispose(): Promise<void>;
}

interface Session {
  readonly journal: JournalPort;
  readonly rows: ReadonlyMap<string, unknown>;
  readonly persisted: PersistId[];
}

export function journalContract(name: string, make: () => Promise<JournalMedium>): void {
  let medium: JournalMedium;
  beforeEach(async () => {
    medium = await make();
  });
  afterEach(() => medium.dispose());

  async function open(): Promise<Session> {
    const persisted: PersistId[] = [];
    const { journal, rows } = await medium.open({ persisted: (id) => persisted.push(id) });
    return { journal, rows, persisted };
  }

  async function write(session: Session, id: PersistId, writes: readonly Write[]): Promise<void> {
    session.journal.write(id, writes);
    await medium.until(`write ${id} is durable`, () => session.persisted.includes(id));
  }

  async function reopen(): Promise<Session> {
    await medium.crash();
    return open();
  }

  const contents = ({ rows }: Session) => Object.fromEntries([...rows].sort(([a], [b]) => byText(a, b)));

  describe(`${name} is a journal`, () => {
    it("starts empty", async () => {
      expect(contents(await open())).toEqual({});
    });

    it("gives back what was reported durable, whatever JSON it was", async () => {
      const values = {
        n: 0,
        t: "ünïcødé \u0000 \u2028 🜛",
        list: [1, null, { deep: [true, -1.5] }],
        no: false,
        "": {},
      };
      const writes = Object.entries(values).map(([key, value]) => ({ key: `k/${key}`, value }));
      await write(await open(), 1, writes);
      const expected = Object.fromEntries(writes.map(({ key, value }) => [key, value]));
      expect(contents(await reopen())).toEqual(expected);
    });

    it("never reports from inside the call", async () => {
      const session = await open();
      session.journal.write(1, [{ key: "a", value: 1 }]);
      expect(session.persisted).toEqual([]);
      await medium.until("it is reported", () => session.persisted.length === 1);
    });

    it("keeps the order of the calls and of the writes in a call", async () => {
      const session = await open();
      session.journal.write(1, [
        { key: "a", value: "first" },
        { key: "a", value: "second" },
        { key: "b", value: "first" },
      ]);
      session.journal.write(2, [{ key: "b", value: "second" }]);
      session.journal.write(3, [
        { key: "c", value: 1 },
        { key: "c", value: null },
      ]);
      session.journal.write(4, [{ key: "d", value: null }]);
      session.journal.write(5, [{ key: "d", value: 1 }]);
      await medium.until("all are durable", () => session.persisted.length === 5);
      expect(session.persisted).toEqual([1, 2, 3, 4, 5]);
      expect(contents(await reopen())).toEqual({ a: "second", b: "second", d: 1 });
    });

    it("deletes durably", async () => {
      await write(await open(), 1, [
        { key: "a", value: 1 },
        { key: "b", value: 2 },
      ]);
      const second = await reopen();
      await write(second, 1, [{ key: "a", value: null }]);
      expect(contents(await reopen())).toEqual({ b: 2 });
    });

    it("reports a write of nothing in its turn", async () => {
      const session = await open();
      session.journal.write(1, [{ key: "a", value: 1 }]);
      session.journal.write(2, []);
      session.journal.write(3, [{ key: "a", value: 2 }]);
      await medium.until("all are reported", () => session.persisted.length === 3);
      expect(session.persisted).toEqual([1, 2, 3]);
    });

    it("holds after crashes at any moment: all that was reported, nothing half, nothing out of order", async () => {
      const random = new Random(`journal contract ${name}`);
      let session = await open();
      let last = 0;
      for (let round = 0; round < 12; round++) {
        const from = last;
        const burst = random.int(1, 60);
        for (let i = 0; i < burst; i++) session.journal.write(++last, batch(last));
        const enough = random.int(0, burst);
        await medium.until("some are durable", () => session.persisted.length >= enough);
        const reported = session.persisted.at(-1) ?? from;
        session = await reopen();
        const found = numberOf(session.rows);
        expect(found).toBeGreaterThanOrEqual(reported);
        expect(found).toBeLessThanOrEqual(last);
        expect(contents(session)).toEqual(stateAfter(found));
        last = found;
      }
    });
  });
}

/** Write `n` sets every one of eight keys to `n`, but deletes one of them. */
function batch(n: number): Write[] {
  const keys = ["number", ...Array.from({ length: 8 }, (_, i) => `key-${i}`)];
  return keys.map((key) => ({ key, value: key === `key-${n % 8}` ? null : n }));
}

function numberOf(rows: ReadonlyMap<string, unknown>): number {
  return (rows.get("number") as number | undefined) ?? 0;
}

function stateAfter(n: number): { [key: string]: number } {
  if (n === 0) return {};
  const left = batch(n).filter(({ value }) => value !== null);
  return Object.fromEntries(left.map(({ key, value }) => [key, value as number]).sort());
}
