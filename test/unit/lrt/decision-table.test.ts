import { describe, expect, test } from "vitest";
import {
  judgeDestination,
  judgeRunner,
  judgeSource,
  type OtherSide,
  type OwnSight,
  type Sight,
} from "../../../src/lrt/execution/intent.ts";

const there = (vm: Sight, open = false, outcome: "done" | "failed" | null = null): OtherSide => ({
  vm,
  open,
  outcome,
});

/** The reduced decision table, row by row: [here, the other side, asked already, verdict, outcome]. */
const SOURCE: readonly [OwnSight, OtherSide, boolean, string, string?][] = [
  ["running", null, false, "ended", "failed"],
  ["running", there("running"), true, "ended", "failed"],
  ["migrating", null, false, "await"],
  ["migrating", there("running"), true, "await"],
  ["absent", null, false, "ask"],
  ["absent", null, true, "wait"],
  ["absent", there("running"), true, "ended", "done"],
  ["absent", there("migrating"), true, "wait"],
  ["absent", there("paused"), true, "ended", "done"],
  ["absent", there("absent"), true, "ended", "lost"],
  ["absent", there("absent", false, "failed"), true, "ended", "lost"],
  ["absent", there("absent", false, "done"), true, "ended", "done"],
  ["paused", null, false, "resume", "failed"],
  ["paused", there("absent"), true, "resume", "failed"],
  ["paused", there("paused"), true, "resume", "failed"],
  ["stopped", null, false, "ended", "failed"],
  ["stopped", there("paused"), true, "ended", "failed"],
];

describe("a source that does not know how its migration ended", () => {
  test.each(SOURCE)("here %s, there %j, asked %s: %s %s", (here, other, asked, kind, outcome) => {
    const verdict = judgeSource(here, other, asked);
    expect(verdict.kind).toBe(kind);
    if ("outcome" in verdict) expect(verdict.outcome).toBe(outcome);
  });
});

const DESTINATION: readonly [OwnSight, OtherSide, boolean, boolean, string, string?][] = [
  ["running", null, false, false, "ended", "done"],
  ["migrating", null, false, false, "wait"],
  ["migrating", there("running"), true, true, "wait"],
  ["absent", null, false, false, "ask"],
  ["absent", null, true, false, "wait"],
  ["absent", null, true, true, "set-aside"],
  ["absent", null, false, true, "ask"],
  ["absent", there("running", true), true, true, "wait"],
  ["absent", there("running", false), true, false, "ended", "failed"],
  ["absent", there("absent", false), true, false, "ended", "failed"],
  ["absent", there("absent", false, "failed"), true, false, "ended", "failed"],
  ["absent", there("absent", false, "done"), false, false, "wait"],
  ["absent", there("absent", false, "done"), true, false, "ended", "lost"],
  ["migrating", there("absent", false, "failed"), true, false, "wait"],
  ["migrating", there("absent", false, "failed"), true, true, "destroy", "failed"],
  ["migrating", there("absent", false, "done"), true, true, "wait"],
  ["paused", null, false, false, "ask"],
  ["paused", null, true, true, "wait"],
  ["paused", there("absent", false, "done"), true, false, "resume", "done"],
  ["paused", there("absent", false, null), true, false, "wait"],
  ["paused", there("absent", false, "failed"), true, false, "destroy", "failed"],
  ["paused", there("running"), true, false, "destroy", "failed"],
  ["paused", there("running", true), true, false, "wait"],
  ["paused", there("migrating"), true, false, "wait"],
  ["paused", there("paused"), true, false, "wait"],
  ["stopped", null, false, false, "ask"],
  ["stopped", null, true, true, "wait"],
  ["stopped", there("absent", false, "done"), true, false, "ended", "done"],
  ["stopped", there("absent", false, null), true, false, "wait"],
  ["stopped", there("absent", false, "failed"), true, false, "destroy", "failed"],
  ["stopped", there("running"), true, false, "destroy", "failed"],
  ["stopped", there("running", true), true, false, "wait"],
];

describe("a destination that does not know how its migration ended", () => {
  test.each(DESTINATION)(
    "here %s, there %j, asked %s, expired %s: %s %s",
    (here, other, asked, expired, kind, outcome) => {
      const verdict = judgeDestination(here, other, asked, expired);
      expect(verdict.kind).toBe(kind);
      if ("outcome" in verdict) expect(verdict.outcome).toBe(outcome);
    },
  );

  test("never resumes its copy while the source could run the guest", () => {
    const movedElsewhere = there("absent", false, null);
    for (const other of [
      null,
      there("running"),
      there("running", true),
      there("migrating"),
      there("paused"),
      movedElsewhere,
    ]) {
      expect(judgeDestination("paused", other, true, true).kind).not.toBe("resume");
    }
  });
});

describe("a start that was interrupted", () => {
  test.each([
    ["running", "ended", "done"],
    ["absent", "ended", "failed"],
    ["paused", "ended", "done"],
    ["stopped", "set-aside", undefined],
    ["migrating", "wait", undefined],
  ] as const)("here %s: %s %s", (here, kind, outcome) => {
    const verdict = judgeRunner(here);
    expect(verdict.kind).toBe(kind);
    if ("outcome" in verdict) expect(verdict.outcome).toBe(outcome);
  });
});
