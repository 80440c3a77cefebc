/** `discoveryctl capture` and the what-if flags that it shares with `solve`. */
import { describe, expect, onTestFinished, test } from "vitest";
import type { CaptureView } from "../../../src/api/views.ts";
import { parseAdded } from "../../../src/cli/commands/add-vms.ts";
import { fail, ok, type Result } from "../../../src/lib/error.ts";
import type { Problem } from "../../../src/solver/index.ts";
import { discoveryctl, fakeAgent } from "../../support/control.ts";
import { COVERAGE } from "../../support/control-answers.ts";

const INSTANCE: Problem = {
  hosts: [
    { id: "h1", capacity: { cpu: 1000, memory: 4096 }, online: true, labels: { rack: "r1" }, concurrency: 2 },
    { id: "h2", capacity: { cpu: 1000, memory: 4096 }, online: true, labels: {} },
  ],
  vms: [
    {
      id: "web",
      state: "running",
      desired: "running",
      host: "h1",
      demand: { cpu: 1200, memory: 64 },
      pinned: false,
    },
  ],
  rules: [],
  objective: "memory",
};
const VIEW: CaptureView = {
  instance: { format: "vmr-instance/2", ...INSTANCE },
  warnings: ["h3 does not answer: …"],
};

const agentWith = async (answer: Result<unknown>) => {
  const agent = await fakeAgent(() => answer);
  onTestFinished(() => agent.close());
  const run = (words: string, readFile = (path: string): string => path) =>
    discoveryctl(words.split(" "), { directory: agent.directory, platform: { readFile } });
  return { agent, run };
};

describe("discoveryctl capture", () => {
  const answer = ok({ item: VIEW, coverage: COVERAGE });

  test("prints an instance that solve reads, and warnings beside it", async () => {
    const { run } = await agentWith(answer);
    const { code, out, err } = await run("capture");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ format: "vmr-instance/2", vms: [{ id: "web", host: "h1" }] });
    expect(err).toBe(
      "warning: h3 does not answer: …\n2 of 3 hosts answered; h3 unknown, last heard 43s ago\n",
    );
    const solved = await discoveryctl(["solve", "-", "--drain", "h1", "-o", "json"], {
      platform: { readStdin: async () => out.replace('"cpu":1200', '"cpu":900') },
    });
    expect(JSON.parse(solved.out)).toMatchObject({ plan: { actions: [{ vm: "web", to: "h2" }] } });
  });

  test("is exit 9 under --strict when a host is silent", async () => {
    const { run } = await agentWith(answer);
    expect((await run("capture --strict")).code).toBe(9);
  });

  test("hands the hosts of its flags to the agent, and adds VMs itself", async () => {
    const { run, agent } = await agentWith(answer);
    const { out } = await run("capture --drain h1,h2 --host-down h3 --add-vms 2:cpus=0.5,memory=1GiB,name=x");
    expect(agent.asked).toEqual([{ type: "capture", drain: ["h1", "h2"], down: ["h3"] }]);
    expect(JSON.parse(out).vms.slice(1)).toEqual([
      { id: "x-0", host: null, demand: { cpu: 500, memory: 1024 } },
      { id: "x-1", host: null, demand: { cpu: 500, memory: 1024 } },
    ]);
  });

  test("takes VMs to add from a file", async () => {
    const { run } = await agentWith(answer);
    const file = () => JSON.stringify([{ id: "new", demand: { cpu: 1, memory: 1 } }]);
    expect(JSON.parse((await run("capture --add-vms vms.json", file)).out).vms).toHaveLength(2);
  });

  test.each([["capture --add-vms 3:cpus=2", "The VMs to add cannot be read."]])(
    "%s is refused before anybody is asked",
    async (line, message) => {
      const { run, agent } = await agentWith(answer);
      const told = await run(line);
      expect(told).toMatchObject({ code: 2, out: "", err: expect.stringContaining(`error: ${message}`) });
      expect(told.err).toContain("why:");
      expect(told.err).toContain("next:");
      expect(agent.asked).toEqual([]);
    },
  );

  test("has no other output", async () => {
    const { run, agent } = await agentWith(answer);
    const told = await run("capture -o table");
    expect(told).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("capture has no output table"),
    });
    expect(agent.asked).toEqual([]);
  });

  test("prints nothing that solve would refuse", async () => {
    const { run } = await agentWith(answer);
    const told = await run(
      "capture --add-vms taken.json",
      () => '[{"id":"web","demand":{"cpu":1,"memory":1}}]',
    );
    expect(told).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining('why: [0].id: "web" is taken'),
    });
  });

  test("prints nothing when the agent refuses", async () => {
    const refusal = fail({
      code: "invalid",
      message: "no host is called h9",
      reason: "there is h1",
      hint: "look",
    });
    const { run } = await agentWith(refusal);
    expect(await run("capture --drain h9")).toEqual({
      code: 2,
      out: "",
      err: "error: no host is called h9\n  why: there is h1\n  next: look\n",
    });
  });
});

describe("VMs to add", () => {
  test("are counted, with what each demands", () => {
    const demand = { cpu: 2000, memory: 4096 };
    expect(parseAdded("2:cpus=2,memory=4GiB")).toMatchObject({
      ok: true,
      value: [
        { id: "new-0", state: "waiting", host: null, demand },
        { id: "new-1", demand },
      ],
    });
  });

  test.each([
    ["0:cpus=1,memory=1GiB", "0 is not from 1"],
    ["900000000:cpus=1,memory=1GiB", "is not from 1"],
    ["1:", '"" is none of'],
    ["1:memory=1GiB", "cpus is to be"],
    ["1:cpus=-1,memory=1GiB", "cpus is to be"],
    ["1:cpus=1.00001,memory=1GiB", "cpus is to be"],
    ["1:cpus=1", "memory:"],
    ["1:cpus=1,memory=4", "has no unit"],
    ["1:cpus=1,cpus=2,memory=1GiB", "twice"],
    ["1:cpus=1,memory=1GiB,disk=3", '"disk" is none of'],
    ["1:cpus=1,memory=1GiB,name=", "name has no value"],
  ])("%s is refused: %s", (text, why) => {
    expect(parseAdded(text)).toMatchObject({
      ok: false,
      failure: { code: "invalid", reason: expect.stringContaining(why) },
    });
  });
});
