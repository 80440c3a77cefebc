import { describe, expect, test } from "vitest";
import { Agenda, outcomeOf, outcomeOfTaken } from "../../../src/lrt/scheduling/agenda.ts";
import type { EventCause } from "../../../src/lrt/scheduling/event.ts";

const OVERLOAD: EventCause = { kind: "overload", resource: "cpu", wanted: 1200, limit: 1000 };
const event = (origin: string, cause: EventCause) => ({ id: `${origin}/${cause.kind}/1.1`, origin, cause });
const taken = (origin: string, cause: EventCause) => ({ ...event(origin, cause), ageMs: 0 });
const overload = event("h1", OVERLOAD);
const nameOf = (node: string) => node;
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
  const considered = { hosts: new Set(["h1", "h2"]), events: new Set([drain.id]), places: new Map() };
  const solved = { kind: "solved", migrations: 1 } as const;

  test("is nothing yet where it was not planned for", () => {
    expect(outcomeOf(overload, solved, considered, nameOf)).toMatchObject({ kind: "interrupted" });
    expect(outcomeOfTaken(drain, solved, considered, nameOf)).toBe(solved);
    const away = outcomeOfTaken(taken("h3", { kind: "drain" }), solved, considered, nameOf);
    expect(away.kind).toBe("interrupted");
  });

  test("is what its partition came to where nothing was planned at all", () => {
    const refused = { kind: "no-plan", reason: "no room", final: false } as const;
    const nothing = { hosts: new Set<string>(), events: new Set<string>(), places: new Map() };
    expect(outcomeOf(overload, refused, nothing, nameOf)).toBe(refused);
  });

  test("is an operator's migration only if its VM is where it was wanted", () => {
    const moved = (to: string | null, at?: string) => {
      const asked = event("h1", { kind: "move", vm: "a", to });
      const places = new Map(at === undefined ? [] : [["a", at]]);
      return outcomeOf(asked, solved, { hosts: new Set(), events: new Set([asked.id]), places }, nameOf).kind;
    };
    expect([moved("h3", "h3"), moved("h3", "h2"), moved("h3")]).toEqual(["solved", "no-plan", "no-plan"]);
    expect([moved(null, "h2"), moved(null)]).toEqual(["solved", "no-plan"]);
  });
});
