import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type OpenedJournal, SqliteJournal } from "../../../src/adapters/store/journal.ts";
import type { Failure } from "../../../src/lib/error.ts";
import { Random } from "../../../src/lib/random.ts";
import type { PersistId } from "../../../src/ports/effects.ts";

let directory: string;
let opened: OpenedJournal[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "discovery-journal-"));
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map(({ journal }) => journal.abandon()));
  rmSync(directory, { recursive: true });
});

interface Heard {
  readonly persisted: PersistId[];
  readonly space: string[];
  readonly broken: Failure[];
}

async function open(where = directory): Promise<OpenedJournal & { readonly heard: Heard }> {
  const heard: Heard = { persisted: [], space: [], broken: [] };
  const journal = await SqliteJournal.open(where, {
    persisted: (id) => heard.persisted.push(id),
    space: (state) => heard.space.push(state),
    broken: (failure) => heard.broken.push(failure),
  });
  opened.push(journal);
  return { ...journal, heard };
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const writer = new URL("./writer.ts", import.meta.url).pathname;
const notes = () => join(directory, "notes");

/** A process that writes on from `first`. */
function spawnWriter(first: number): ChildProcess {
  return spawn(process.execPath, [writer, directory, notes(), String(first)], { stdio: "inherit" });
}

/** The last write that the process reported durable. */
function lastReported(): number {
  if (!existsSync(notes())) return 0;
  // A line cut short by the kill is no report.
  return Number(readFileSync(notes(), "utf8").split("\n").slice(0, -1).at(-1) ?? 0);
}

const exited = (child: ChildProcess) => new Promise((resolve) => child.once("exit", resolve));

describe("the journal of a process that is killed", () => {
  it("has lost nothing that it reported durable, whenever kill -9 came", async () => {
    const random = new Random("kill the writer");
    let found = 0;
    for (let round = 0; round < 8; round++) {
      const child = spawnWriter(found);
      const end = exited(child);
      const enough = found + random.int(1, 300);
      await eventually("it has written some", () => lastReported() >= enough);
      child.kill("SIGKILL");
      await end;
      const { rows, corrupt, journal } = await open();
      expect(corrupt).toEqual([]);
      const numbers = new Set(rows.values());
      expect(rows.size).toBe(10);
      expect(numbers.size).toBe(1);
      found = [...numbers][0] as number;
      expect(found).toBeGreaterThanOrEqual(lastReported());
      await journal.close();
    }
  });

  it("is locked against a second agent while it lives, and free at once when it is dead", async () => {
    const child = spawnWriter(0);
    const end = exited(child);
    await eventually("it writes", () => lastReported() > 0);
    await expect(open()).rejects.toMatchObject({ failure: { code: "conflict" } });
    child.kill("SIGKILL");
    await end;
    expect((await open()).bootCount).toBe(2);
  });
});

describe("the journal", () => {
  it("commits what comes together in groups, and everything before it closes", async () => {
    const first = await open();
    for (let id = 1; id <= 5_000; id++) first.journal.write(id, [{ key: `k${id % 100}`, value: id }]);
    await first.journal.close();
    expect(first.heard.persisted).toEqual(Array.from({ length: 5_000 }, (_, i) => i + 1));
    expect(first.heard.broken).toEqual([]);
    const { rows } = await open();
    expect(rows.get("k99")).toBe(4_999);
    expect(rows.size).toBe(100);
  });

  it("refuses what is not JSON, and keys that are no names", async () => {
    const { journal } = await open();
    expect(() => journal.write(1, [{ key: "a", value: undefined }])).toThrow("JSON");
    expect(() => journal.write(1, [{ key: "", value: 1 }])).toThrow("characters");
    expect(() => journal.write(1, [{ key: "k".repeat(513), value: 1 }])).toThrow("characters");
  });

  it("is broken for good by an I/O error, so that the process stops", async () => {
    // Files may not grow beyond 400 blocks: the write fails with EFBIG, which is not a full disk.
    const limited = `ulimit -f 400; exec '${process.execPath}' '${writer}' '${directory}' '${notes()}'`;
    const child = spawn("sh", ["-c", limited], { stdio: ["ignore", "ignore", "pipe"] });
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code).not.toBe(0);
    expect(complaint).toContain("The store cannot be written.");
    expect(lastReported()).toBeGreaterThan(0);
    const { rows } = await open();
    expect(new Set(rows.values()).size).toBe(1);
    expect(rows.get("key-0")).toBeGreaterThanOrEqual(lastReported());
  });
});

/** A small disk of its own; null where this machine does not let us have one. */
function mountSmallDisk(): string | null {
  const path = mkdtempSync(join(tmpdir(), "discovery-disk-"));
  try {
    execFileSync("/bin/mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", path], { stdio: "ignore" });
    return path;
  } catch {
    rmSync(path, { recursive: true });
    return null;
  }
}

describe("the journal on a full disk", () => {
  it("keeps what waits in order, says so, and goes on when there is room", async (context) => {
    const disk = mountSmallDisk();
    if (disk === null) return context.skip("no disk can be mounted here");
    try {
      const { journal, heard, space } = await open(disk);
      expect(space).toBe("low");
      writeFileSync(join(disk, "hog"), Buffer.alloc(3_400_000));
      const value = "x".repeat(100_000);
      for (let id = 1; id <= 12; id++) journal.write(id, [{ key: `k${id}`, value }]);
      await eventually("the disk is full", () => heard.space.includes("full"));
      expect(heard.persisted.length).toBeLessThan(12);
      rmSync(join(disk, "hog"));
      await eventually("all are durable", () => heard.persisted.length === 12);
      expect(heard.persisted).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
      expect(heard.broken).toEqual([]);
      await eventually("there is room again", () => heard.space.length > 1);
      expect(heard.space).toEqual(["full", "low"]);
      await journal.close();
      expect((await open(disk)).rows.size).toBe(12);
    } finally {
      await Promise.all(opened.map(({ journal }) => journal.abandon()));
      execFileSync("/bin/umount", [disk]);
      rmSync(disk, { recursive: true });
    }
  });
});
