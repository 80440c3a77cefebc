import { describe, expect, it } from "vitest";
import { type Field, misfitOf, SUMMARY } from "../../../src/simulator/command-line/field.ts";
import { Evaluation } from "../../../src/simulator/evaluation/evaluation.ts";
import { RUN_FIELDS } from "../../../src/simulator/evaluation/format.ts";
import { VMPLACES } from "../../../src/simulator/evaluation/options.ts";
import { REPLAY_FIELDS, SWARM_FIELDS } from "../../../src/simulator/swarm/format.ts";

function report(): object {
  const evaluation = new Evaluation({ ...VMPLACES, hosts: 2, vms: 4, durationMs: 2000 });
  evaluation.start();
  while (!evaluation.over) evaluation.advance(1000);
  return JSON.parse(JSON.stringify(evaluation.report())) as object;
}

/** Where the document has values of its own, as deep as the fields say. */
function paths(value: unknown, fields: readonly Field[], at = ""): readonly string[] {
  const known = fields.some(({ path }) => path === at);
  if (known || typeof value !== "object" || value === null || Array.isArray(value)) return [at];
  return Object.entries(value).flatMap(([key, inner]) =>
    paths(inner, fields, at === "" ? key : `${at}.${key}`),
  );
}

describe("what run prints for programs", () => {
  const required = RUN_FIELDS.filter(({ or }) => or !== "absent").map(({ path }) => path);

  it("is documented field by field, and has every field that is", () => {
    expect([...paths(report(), RUN_FIELDS)].sort()).toEqual([...required].sort());
    expect(misfitOf(report(), RUN_FIELDS)).toBeNull();
  });

  it("is told from what is something else", () => {
    expect(misfitOf([1], RUN_FIELDS)).toBe("options.seed is missing");
    expect(misfitOf(null, RUN_FIELDS)).toBe("options.seed is missing");
    expect(misfitOf({ ...report(), steps: "7" }, RUN_FIELDS)).toBe("steps is no number");
    expect(misfitOf({ ...report(), story: [1] }, RUN_FIELDS)).toBe("story has an entry without a number at");
    const { violations, ...rest } = report() as { violations: object };
    expect(misfitOf({ ...rest, violations: { ...violations, handled: {} } }, RUN_FIELDS)).toBe(
      "violations.handled is no summary",
    );
  });

  it("has summaries of exactly what is said of them", () => {
    const { violations } = report() as { violations: { handled: object } };
    expect(Object.keys(violations.handled)).toEqual(SUMMARY);
  });
});

it.each([...RUN_FIELDS, ...SWARM_FIELDS, ...REPLAY_FIELDS])("$path has a sentence", ({ meaning }) => {
  expect(meaning).toMatch(/^[A-Z`0-9].*\.$/);
});
