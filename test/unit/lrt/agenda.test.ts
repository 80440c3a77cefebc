import { describe, expect, test } from "vitest";
import { Agenda, outcomeOf, outcomeOfTaken } from "../../../src/lrt/scheduling/agenda.ts";
import type { EventCause } from "../../../src/lrt/scheduling/event.ts";

const OVERLOAD: EventCause = { kind: "overload", resource: "cpu", wanted: 1200, limit: 1000 };
const event = (origin: string, cause: EventCause) => ({ id: `${origin}/${cause.kind}/1.1`, origin, cause });
const taken = (origin: string, cause: EventCause) => ({ ...event(origin, cause), ageMs: 0 });
const overload = event("h1", OVERLOAD);
const drain = taken("h2", { kind: "drain" });

describe("what a partition plans for", () => {
  const agenda = new Agenda({ ...overload, raisedAt: 0 });
  agenda.take(drain, 0);
  const planned = (mode: "auto" | "recommend", ...inside: string[]) =>
    agenda.toPlan(mode, new Set(inside), 0).map(({ cause }) => cause.kind);

  test("is everything in mode auto", () => {
    expect(planned("auto", "h1")).toEqual(["overload", "drain"]);
  });

  test("is what people asked for in another mode, if its host is inside; else what is only recommended", () => {
    expect(planned("recommend", "h1", "h2")).toEqual(["drain"]);
    expect(planned("recommend", "h1")).toEqual(["overload", "drain"]);
  });
});

describe("what an event came to", () => {
  const considered = { hosts: new Set(["h1", "h2"]), events: new Set([drain.id]) };
  const solved = { kind: "solved", migrations: 1 } as const;

  test("is nothing yet where it was not planned for", () => {
    expect(outcomeOf(overload, solved, considered)).toMatchObject({ kind: "interrupted" });
    expect(outcomeOfTaken(drain, solved, considered)).toBe(solved);
    expect(outcomeOfTaken(taken("h3", { kind: "drain" }), solved, considered).kind).toBe("interrupted");
  });

  test("is what its partition came to where nothing was planned at all", () => {
    const refused = { kind: "no-plan", reason: "no room", final: false } as const;
    expect(outcomeOf(overload, refused, { hosts: new Set(), events: new Set() })).toBe(refused);
  });
});
