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

/** Two hosts are to be emptied, and no plan is found for long. */
const PACKED = {
  format: "vmr-instance/1",
  nodes: Array.from({ length: 24 }, (_, id) => ({ id, cpu: 480, memoryMiB: 40_000 })),
  vms: Array.from({ length: 96 }, (_, id) => ({
    id,
    cpu: 80 + ((id * 37) % 53),
    memoryMiB: 900 + ((id * 61) % 97) * 10,
    host: id % 24,
  })),
  constraints: [{ type: "drain", nodes: [0, 1] }],
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
    const told = await run(`i.json -o json --limit 2000000 ${flags}`, { "i.json": PACKED });
    expect(told.code).toBe(124);
    expect(JSON.parse(told.out).decisions).toBeLessThan(200_000);
  });
});

test("help has the values, the defaults and the exit codes", async () => {
  const { out } = await discoveryctl(["solve", "--help"]);
  for (const words of [
    "Usage: discoveryctl solve FILE|- [options]",
    "One of memory, makespan, migrations, hosts, distance.",
    "absent: 1000000.",
    "\n  124  Limit: ",
  ])
    expect(out).toContain(words);
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

const FOUR = {
  ...INSTANCE,
  hosts: [host("a"), host("b"), host("a-host-with-a-long-name")],
  vms: [vm("web", "a"), vm("a-vm-with-a-long-name", "a")],
  rules: [{ kind: "offline", hosts: ["a", "b"] }],
};

describe("what people see", () => {
  const lines = async (...words: Parameters<typeof run>) => (await run(...words)).out.trimEnd().split("\n");

  test("is a table whose columns are aligned, units named", async () => {
    const [status, cost, , , empty, head, ...actions] = await lines("i.json", { "i.json": FOUR });
    expect([status, cost, empty]).toEqual([
      "status      optimal",
      "cost        2048 MiB (no plan is cheaper than 2048)",
      "",
    ]);
    expect(head).toMatch(/^ID {2}ACTION {3}VM +FROM {2}TO +START\/MS {2}TAKES\/MS {2}AFTER$/);
    expect(actions).toHaveLength(2);
    const column = head?.indexOf("TO ");
    for (const line of actions) expect(line.indexOf("a-host-with-a-long-name")).toBe(column);
  });

  test.each([
    ["memory", "1024 MiB"],
    ["distance", "1024 MiB, weighted by distance"],
    ["makespan", "11240 ms"],
    ["migrations", "1 migration"],
    ["hosts", "1 host"],
  ])("has the cost under %s as %s", async (objective, cost) => {
    expect(await lines(`i.json --objective ${objective}`)).toContain(
      `cost        ${cost} (no plan is cheaper than ${Number.parseInt(cost, 10)})`,
    );
  });

  test("says of a limit what it means and what to do", async () => {
    const told = await run("i.json --limit 1000", { "i.json": PACKED });
    expect(told.code).toBe(124);
    expect(told.out).toMatch(
      /\nno plan was found, and none was proved impossible: raise --limit \(\d+ decisions were made\) or --deadline\n$/,
    );
  });

  const evil = "x\u001b]0;owned\u0007\ny\u009b\u202e";
  const escaped = "x\\u001b]0;owned\\u0007\\u000ay\\u009b\\u202e";

  test("has the control characters of ids escaped: in actions, in explanations, in errors", async () => {
    const moved = { ...INSTANCE, vms: [vm(evil, "a")], rules: [{ kind: "ban", vms: [evil], hosts: ["a"] }] };
    expect((await run("i.json", { "i.json": moved })).out).toContain(`migrate  ${escaped}  a`);
    const stuck = { ...moved, rules: [{ kind: "ban", vms: [evil], hosts: ["a", "b"] }] };
    expect((await run("i.json", { "i.json": stuck })).out).toContain(`VM ${escaped}`);
    const odd = { ...INSTANCE, hosts: [{ ...host("a"), labels: { [evil]: 1 } }] };
    expect((await run("i.json", { "i.json": odd })).err).toContain(
      `labels.${escaped.replace("\\u000a", "\n")}`,
    );
    expect(JSON.parse((await run("i.json -o json", { "i.json": moved })).out).plan.actions[0].vm).toBe(evil);
  });
});

describe("files", () => {
  test.each([
    ["-", "nothing on standard input"],
    ["i.json", "i.json: the file is empty"],
    ["ok.json --add-vms i.json", "i.json: the file is empty"],
  ])("solve %s with nothing there: %s", async (words, message) => {
    const told = await run(words, { "-": " \n", "i.json": "\ufeff", "ok.json": INSTANCE });
    expect(told).toMatchObject({ code: 2, out: "", err: expect.stringContaining(`error: ${message}\n`) });
  });

  test("may begin with a byte order mark", async () => {
    const marked = (value: unknown) => `\ufeff${JSON.stringify(value)}`;
    const files = { "i.json": marked(INSTANCE), "add.json": marked([vm("new", null)]) };
    expect((await run("i.json --add-vms add.json", files)).code).toBe(0);
  });

  test.each([
    [[{ id: "new" }], "the file with VMs to add cannot be read", '[0]: "demand" is missing'],
    ["[", "the file with VMs to add cannot be read", "JSON"],
    [[vm("new", null), vm("web", null)], "the VMs to add do not fit the instance", '[1].id: "web" is taken'],
    [[vm("new", "nowhere")], "the VMs to add do not fit the instance", '[0].host: unknown host "nowhere"'],
  ])("with VMs to add that are wrong are told from the instance: %j", async (added, message, reason) => {
    const told = await run("i.json --add-vms add.json", { "i.json": INSTANCE, "add.json": added });
    expect(told).toMatchObject({ code: 2, out: "" });
    expect(told.err).toContain(`error: ${message}\n`);
    expect(told.err).toContain(reason);
  });

  test.each([
    [{ format: "vmr-instance/9" }, "why: format: not one of vmr-instance/1, vmr-instance/2"],
    [
      { ...INSTANCE, rules: [{ kind: "spread", vms: ["web"], level: "rack" }] },
      'why: rules[0].level: neither "host" nor {"label": …}',
    ],
  ])("that are wrong are told the place", async (instance, why) => {
    expect((await run("i.json", { "i.json": instance })).err).toContain(why);
  });
});
