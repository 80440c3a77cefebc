/** The bed itself: what every end-to-end test on real hosts relies on. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bed, whyNoBed } from "../../bed/bed.ts";
import { imageIsFresh } from "../../bed/guest-image.ts";
import { childrenOf, commandOf, cpuMilliseconds, isAlive } from "../../bed/processes.ts";
import { run, until } from "../../bed/run.ts";
import { contradictions } from "../../bed/witness.ts";

const reason = whyNoBed();
const title = reason === undefined ? "a bed of three libvirt hosts" : `a bed (skipped: ${reason})`;

describe.skipIf(reason !== undefined)(title, () => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await Bed.create({ hosts: 3, capacityMilliCpu: 300, log: console.log });
  });
  afterAll(() => bed.close());

  const host = (name: string) => bed.host(name);

  it("boots the guest that was built from the committed sources", () => {
    expect(imageIsFresh()).toBe(true);
  });

  it("has hosts with names, identities and addresses of their own", async () => {
    const names = await Promise.all(bed.hosts.map((one) => one.virsh(["hostname"])));
    expect(names.map((name) => name.trim())).toEqual(["h1", "h2", "h3"]);
    expect(new Set(bed.hosts.map(({ ip, uuid }) => `${ip} ${uuid}`)).size).toBe(3);
    const inside = await host("h2").output("virsh", ["-q", "-c", "qemu:///system", "capabilities"]);
    expect(inside).toContain(`<uuid>${host("h2").uuid}</uuid>`);
  });

  it("runs a guest that both witnesses see on one host, and nowhere else", async () => {
    const console = await host("h1").startGuest({ name: "seen" });
    await console.waitFor(/^tick 1$/m);
    const found = await bed.findGuest("seen");
    expect(found?.host.name).toBe("h1");
    const witnessed = await bed.witness();
    expect(witnessed.guests).toEqual([
      { name: "seen", uuid: found?.uuid, running: ["h1"], processes: ["h1"] },
    ]);
    expect(contradictions(witnessed, ["seen"])).toEqual([]);
    await host("h1").virsh(["destroy", "seen"]);
    expect(contradictions(await bed.witness(), ["seen"])).toEqual(["seen lost"]);
  });

  it("notices a guest that runs twice", async () => {
    await Promise.all(["h1", "h2"].map((name) => host(name).startGuest({ name: "twin" })));
    const said = contradictions(await bed.witness(), ["twin"]);
    expect(said).toEqual(["twin twice: running on h1,h2, processes on h1,h2"]);
    await Promise.all(["h1", "h2"].map((name) => host(name).virsh(["destroy", "twin"])));
  });

  it("moves a running guest to a peer, which goes on where it was", async () => {
    const before = await host("h1").startGuest({ name: "mover", memoryMib: 32 });
    await before.send("fill");
    await before.send("burn 7");
    await before.waitFor(/^tick 2$/m);
    await host("h1").virsh(["migrate", "--live", "--p2p", "mover", host("h2").migrationUri], {
      deadlineMs: 60_000,
    });
    const after = host("h2").console("mover");
    const last = before.lastTick() ?? 0;
    await after.waitFor(new RegExp(`^tick ${last + 2}$`, "m"));
    const ticks = [...before.ticks(), ...after.ticks()];
    expect(ticks).toEqual(ticks.map((_, i) => i + 1));
    expect(after.tail()).not.toMatch(/READY/);
    expect(await bed.tell("mover", "query")).toBe("ok query burn=7 dirty=0");
    await until("the source has let go", () => (host("h1").qemuProcesses().length === 0 ? true : undefined));
    expect(contradictions(await bed.witness(), ["mover"])).toEqual([]);
    await host("h2").virsh(["destroy", "mover"]);
  });

  it("has guests that power off, obey the power button and report a panic", async () => {
    const h3 = host("h3");
    const gone = (name: string) =>
      until(`${name} ends`, () => (h3.qemuProcesses().some((one) => one.name === name) ? undefined : true));
    const names = ["stop", "button", "panic"];
    const consoles = await Promise.all(names.map((name) => h3.startGuest({ name })));
    await consoles[0]?.send("stop");
    await h3.virsh(["shutdown", "button"]);
    await consoles[2]?.send("panic");
    await Promise.all(names.map(gone));
    expect(consoles[1]?.tail()).toContain("power button");
  });

  it("holds all guests of a host together to its quota, and nobody else", async () => {
    const h3 = host("h3");
    await Promise.all(
      ["burner1", "burner2"].map(async (name) => (await h3.startGuest({ name })).send("burn 90")),
    );
    const used = () => h3.qemuProcesses().reduce((sum, { pid }) => sum + cpuMilliseconds(pid), 0);
    const seconds = (count: number) => {
      const clock = h3.console("burner1");
      return clock.waitFor(new RegExp(`^tick ${(clock.lastTick() ?? 0) + count}$`, "m"));
    };
    const rate = async () => {
      const [cpu, clock] = [used(), performance.now()];
      await seconds(4);
      return ((used() - cpu) * 1000) / (performance.now() - clock);
    };
    const whole = await rate();
    expect(whole).toBeLessThan(390);
    expect(whole).toBeGreaterThan(60); // on a busy machine; idle guests use less than 10
    h3.setQuota(150);
    await seconds(1);
    expect(await rate()).toBeLessThan(220);
    expect(await h3.output("cat", ["/proc/self/cgroup"])).toMatch(/:cpu:\/system$|^0::\/system$/m);
    h3.setQuota(300);
    for (const name of ["burner1", "burner2"]) await h3.virsh(["destroy", name]);
  });

  it("keeps guests alive when libvirtd is killed, and finds them after its restart", async () => {
    await host("h1").startGuest({ name: "survivor" });
    await host("h1").killLibvirtd();
    expect(host("h1").libvirtdPid()).toBeUndefined();
    expect((await bed.witness()).silent).toEqual(["h1"]);
    expect(await bed.tell("survivor", "query")).toBe("ok query burn=0 dirty=0");
    await host("h1").startLibvirtd();
    expect(contradictions(await bed.witness(), ["survivor"])).toEqual([]);
    host("h1").stopLibvirtd();
    await expect(host("h1").virsh(["list"], { deadlineMs: 500 })).rejects.toThrow("no answer");
    await host("h1").contLibvirtd();
    expect(await host("h1").virsh(["list", "--name"])).toContain("survivor");
    await host("h1").virsh(["destroy", "survivor"]);
  });

  it("loses everything that ran on a host with its power, and keeps what was on its disk", async () => {
    const h2 = host("h2");
    await h2.startGuest({ name: "victim" });
    const description = `${h2.dir}/kept.xml`;
    writeFileSync(description, h2.domainXml({ name: "kept" }));
    await h2.virsh(["define", description]);
    const agent = await h2.exec("sleep", ["infinity"]).started;
    await h2.powerOff();
    expect(h2.isOn).toBe(false);
    expect(h2.qemuProcesses()).toEqual([]);
    expect(isAlive(agent ?? 0)).toBe(false);
    await h2.powerOn();
    expect((await h2.virsh(["list", "--all", "--name"])).trim()).toBe("kept");
    await h2.virsh(["undefine", "kept"]);
  });

  it("cuts a host off and heals it", async () => {
    const reaches = async (to: string) => {
      const knock = `exec timeout 1 bash -c 'echo >/dev/tcp/${host(to).ip}/16509'`;
      const knocking = host("h1").exec("sh", ["-c", knock], { stdio: "ignore" });
      return (await knocking.exited).code === 0;
    };
    expect(await reaches("h2")).toBe(true);
    await host("h2").cut();
    expect(await reaches("h2")).toBe(false);
    expect(await reaches("h3")).toBe(true);
    await host("h2").heal();
    await until("h2 is back", async () => ((await reaches("h2")) ? true : undefined));
    await host("h3").deafen(host("h1"));
    expect([await reaches("h2"), await reaches("h3")]).toEqual([true, false]);
    await host("h3").heal();
    await host("h3").lose(100);
    expect(await reaches("h3")).toBe(false);
    await host("h3").heal();
    expect(await reaches("h3")).toBe(true);
  });

  it("passes signals to a process inside a host, and its end outside", async () => {
    const inside = host("h1").exec("sh", [
      "-c",
      "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done",
    ]);
    let said = "";
    inside.child.stdout?.on("data", (text) => (said += text));
    await until("the process is ready", () => (said.includes("ready") ? true : undefined));
    await inside.kill("SIGSTOP");
    await inside.kill("SIGCONT");
    await inside.kill("SIGTERM");
    expect(await inside.exited).toEqual({ code: 7, signal: null });
    expect(said).toContain("bye");
  });
});

describe.skipIf(reason !== undefined)("a bed whose maker dies", () => {
  const MAIN = fileURLToPath(new URL("../../bed/main.ts", import.meta.url));

  interface Made {
    readonly maker: ChildProcess;
    readonly slot: number;
    readonly qemu: readonly number[];
  }

  async function make(): Promise<Made> {
    const maker = spawn(process.execPath, [MAIN, "up", "--hosts", "2"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    maker.stdout.on("data", (text) => (said += text));
    await until("the other bed is up", () => (/^h2 .*virsh/m.test(said) ? true : undefined));
    const slot = Number(/^bed (\d+): 2 hosts/m.exec(said)?.[1]);
    return { maker, slot, qemu: await pidsOf(slot) };
  }

  async function pidsOf(slot: number): Promise<number[]> {
    const { stdout } = await run("sh", [
      "-c",
      `cat $(find /sys/fs/cgroup -path '*/dbed${slot}/*' -name cgroup.procs) | sort -un`,
    ]);
    return stdout.split("\n").filter(Boolean).map(Number);
  }

  function janitorsOf(maker: number): number[] {
    const family = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(family)];
    return childrenOf(maker)
      .filter((pid) => commandOf(pid) === "flock")
      .flatMap(family);
  }

  async function leftovers(slot: number): Promise<string[]> {
    const { stdout } = await run("sh", [
      "-c",
      `ip netns list | grep '^dbed${slot}-'; find /sys/fs/cgroup -name 'dbed${slot}'; ls -d /var/lib/discovery-bed/${slot} 2>/dev/null; true`,
    ]);
    return stdout.split("\n").filter(Boolean);
  }

  const gone = (slot: number) =>
    until(`bed ${slot} is gone`, async () => ((await leftovers(slot)).length === 0 ? true : undefined));

  it("stands beside another bed, and leaves nothing behind after a kill -9", async () => {
    const beside = await Bed.create({ hosts: 1 });
    const { maker, slot, qemu } = await make();
    expect(slot).not.toBe(beside.slot);
    expect(qemu.length).toBeGreaterThan(3);
    maker.kill("SIGKILL");
    await gone(slot);
    expect(qemu.filter(isAlive)).toEqual([]);
    expect(await beside.hosts[0]?.virsh(["hostname"])).toMatch("h1");
    await beside.close();
  });

  it("is removed on an interrupt", async () => {
    const { maker, slot } = await make();
    maker.kill("SIGINT");
    await gone(slot);
  });

  it("loses its hosts even when its janitor is killed first, and the next bed removes the rest", async () => {
    const { maker, slot, qemu } = await make();
    for (const pid of janitorsOf(maker.pid ?? 0)) process.kill(pid, "SIGKILL");
    maker.kill("SIGKILL");
    await until("the hosts are dead", () => (qemu.some(isAlive) ? undefined : true));
    expect(existsSync(`/var/lib/discovery-bed/${slot}`)).toBe(true);
    await Bed.sweep();
    expect(await leftovers(slot)).toEqual([]);
  });
});
