import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ServiceEnvironment,
  ServiceNotifier,
} from "../../../../src/adapters/systemd/service-notifier.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "discovery-systemd-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const failures: string[] = [];

/** A notifier whose helper is a shell script; by default it writes down what it is to tell, a line per call. */
function notifier(environment: ServiceEnvironment, script = `echo "$*" >> '${join(directory, "told")}'`) {
  const helper = join(directory, "helper");
  writeFileSync(helper, `#!/bin/sh\n${script}\n`, { mode: 0o700 });
  failures.length = 0;
  return new ServiceNotifier(environment, { helper, failed: (reason) => failures.push(reason) });
}

function told(): string[] {
  const path = join(directory, "told");
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
}

const watched: ServiceEnvironment = { NOTIFY_SOCKET: "/run/some/socket", WATCHDOG_USEC: "40000" };

async function eventually(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("systemd", () => {
  it("is told that the service is ready, how it is, and that it stops", async () => {
    const service = notifier(watched);
    service.ready("3 hosts");
    await eventually("ready is told", () => told().length === 1);
    service.status("4 hosts\n and more");
    await eventually("the status is told", () => told().length === 2);
    service.stopping("leaving");
    await service.close();
    expect(told()).toEqual([
      "READY=1 STATUS=3 hosts",
      "STATUS=4 hosts and more",
      "STOPPING=1 STATUS=leaving",
    ]);
    expect(failures).toEqual([]);
  });

  it("is told the latest when it listens slowly", async () => {
    const service = notifier(watched, `echo "$*" >> '${join(directory, "told")}'; sleep 0.1`);
    service.ready("0");
    for (let n = 1; n <= 50; n++) service.status(String(n));
    await service.close();
    expect(told()).toEqual(["READY=1 STATUS=0", "STATUS=50"]);
  });

  it("is told nothing when nobody listens", async () => {
    const service = notifier({});
    service.ready("alone");
    expect(service.watch(() => true)).toBeNull();
    await service.close();
    expect(told()).toEqual([]);
  });

  it("hears signs of life only while the service is healthy", async () => {
    const service = notifier(watched);
    let healthy = true;
    expect(service.watch(() => healthy)).toBe(20);
    await eventually("some signs", () => told().length >= 3);
    expect(new Set(told())).toEqual(new Set(["WATCHDOG=1"]));
    healthy = false;
    await service.close();
    const heard = told().length;
    let asked = 0;
    const ill = notifier(watched);
    ill.watch(() => {
      asked += 1;
      return false;
    });
    await eventually("health was asked for", () => asked >= 5);
    await ill.close();
    expect(told()).toHaveLength(heard);
  });

  it.each([
    { WATCHDOG_USEC: "40000" },
    { ...watched, WATCHDOG_USEC: undefined },
    { ...watched, WATCHDOG_USEC: "soon" },
    { ...watched, WATCHDOG_USEC: "0" },
    { ...watched, WATCHDOG_PID: "1" },
  ])("is not given signs of life it did not ask for: %j", (environment) => {
    expect(notifier(environment).watch(() => true)).toBeNull();
  });

  it("never disturbs the agent: a helper that is missing, fails or hangs is reported once", async () => {
    const hanging = notifier(watched, "exec sleep 60");
    hanging.ready("x");
    hanging.status("y");
    await hanging.close();
    expect(failures).toHaveLength(1);
    const failing = notifier(watched, "exit 3");
    failing.ready("x");
    await failing.close();
    failing.status("y");
    await failing.close();
    expect(failures).toHaveLength(1);
    const missing: string[] = [];
    const none = { helper: join(directory, "none"), failed: (reason: string) => missing.push(reason) };
    const service = new ServiceNotifier(watched, none);
    service.ready("x");
    await service.close();
    expect(missing[0]).toContain("ENOENT");
  });
});
