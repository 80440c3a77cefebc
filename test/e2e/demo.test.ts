/** The demonstration is a test: five agent processes, an overload, live migrations; nothing is left behind, however it ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../scripts/demo-cluster.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const PATIENCE_MS = 120_000;

describe("the demonstration", () => {
  let temporary: string;
  let demo: Demo;
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), "demo-test-"));
    demo = new Demo(temporary);
  });
  afterEach(async () => {
    demo.end();
    rmSync(temporary, { recursive: true, force: true });
  });

  const nothingIsLeft = () => {
    expect(readdirSync(temporary)).toEqual([]);
    expect(processesOf(temporary)).toEqual([]);
  };

  it("ends with every host viable, and leaves nothing behind", async () => {
    expect(await demo.exited, demo.said).toBe(0);
    expect(demo.said).toContain("is overloaded");
    expect(demo.said).toMatch(/shop\.web-\d +h\d → h\d/);
    expect(demo.said).toContain("Every host is viable again");
    nothingIsLeft();
  });

  it.each(["agents start", "agents run and know each other", "is overloaded"])(
    "leaves nothing behind when it is terminated at '%s'",
    async (moment) => {
      await demo.says(moment);
      await until("an agent runs", PATIENCE_MS, async () => processesOf(temporary).length > 0);
      demo.terminate();
      expect(await demo.exited, demo.said).toBe(130);
      nothingIsLeft();
    },
  );
});

class Demo {
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #temporary: string;
  said = "";

  constructor(temporary: string) {
    this.#temporary = temporary;
    const env = { ...process.env, TMPDIR: temporary, NO_COLOR: "1" };
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "scripts/demo.ts"], {
      cwd: ROOT,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (this.said += text));
    this.exited = new Promise((resolve) => child.once("close", (code) => resolve(code)));
    this.#child = child;
  }

  async says(text: string): Promise<void> {
    const seen = async () => this.said.includes(text) || this.#child.exitCode !== null;
    await until(`the demonstration says "${text}"`, PATIENCE_MS, seen);
    expect(this.said).toContain(text);
  }

  terminate(): void {
    this.#child.kill("SIGTERM");
  }

  /** For tests that fail: what is left is ended. */
  end(): void {
    this.#child.kill("SIGKILL");
    for (const pid of processesOf(this.#temporary)) process.kill(pid, "SIGKILL");
  }
}

/** Processes whose command line names the folder. */
function processesOf(folder: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandLine(pid).includes(folder))
    .map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
