/** `discoveryctl solve`: what it makes of its flags and files, and what people see. */
import { describe, expect, test } from "vitest";
import { runSolve } from "../../../src/cli/commands/solve.ts";
import { solve } from "../../../src/solver/index.ts";
import { discoveryctl } from "../../support/control.ts";

const host = (id: string) => ({ id, capacity: { cpu: 4000, memory: 4096 } });
const vm = (id: string, on: string | null) => ({ id, host: on, demand: { cpu: 1000, memory: 1024 } });

const INSTANCE = {
  format: "vmr-instance/2",
  hosts: [host("a"), host("b")],
  vms: [vm("web", "a")],
  rules: [{ kind: "ban", vms: ["web"], hosts: ["a"] }] as unknown[],
};

/** So packed that a plan takes a search. */
const PACKED = {
  format: "vmr-instance/1",
  nodes: Array.from({ length: 10 }, (_, id) => ({ id, cpu: 425, memoryMiB: 4000 })),
  vms: Array.from({ length: 40 }, (_, id) => ({
    id,
    cpu: 100 + (id % 7),
    memoryMiB: 900 + id,
    host: id % 4,
  })),
};

/** `solve FILE …`, the files by name. */
const run = (line: string, files: { readonly [name: string]: unknown } = { "i.json": INSTANCE }) => {
  const text = (name: string) =>
    typeof files[name] === "string" ? files[name] : JSON.stringify(files[name]);
  return discoveryctl(["solve", ...line.split(" ")], {
    platform: { readFile: (path) => text(path) ?? "", readStdin: async () => text("-") ?? "" },
  });
};

describe("the flags of solve", () => {
  test.each(["0", "10001", "999999999999999", "-1"])("--repeat=%s is bad input", async (count) => {
    const told = await run(`i.json --repeat=${count}`);
    expect(told).toMatchObject({ code: 2, out: "", err: expect.stringContaining("--repeat must be") });
  });

  test.each([
    "--timeout 1ms",
    "--deadline 1ms",
    "--deadline 1h --timeout 1ms",
    "--deadline 1ms --timeout 1h",
  ])("%s ends the search", async (flags) => {
    const limit = 100_000_000;
    const { decisions } = JSON.parse(
      (await run(`i.json -o json --limit ${limit} ${flags}`, { "i.json": PACKED })).out,
    );
    expect(decisions).toBeLessThan(limit);
  });
});

describe("a plan that the checkers refuse", () => {
  test("is not shown: it is an error of its own, to be reported", () => {
    const wrong: typeof solve = (problem, limits) =>
      ({ ...solve(problem, limits), plan: { actions: [] } }) as never;
    expect(runSolve({}, JSON.stringify(INSTANCE), () => 0, wrong)).toMatchObject({
      ok: false,
      failure: {
        code: "failed",
        message: "the solver made a plan that its own checkers refuse",
        reason: expect.stringContaining("rule 0 (ban)"),
        hint: "please report it with the instance",
      },
    });
  });
});
