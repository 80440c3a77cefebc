import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Database, STORE_FILE } from "../../../../src/adapters/store/database.ts";
import { DiscoveryError } from "../../../../src/lib/error.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "discovery-store-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

function refusal(): string {
  try {
    new Database(directory).close();
    return "opened";
  } catch (error) {
    if (error instanceof DiscoveryError) return error.failure.code;
    throw error;
  }
}

/** Changes the file behind the store's back. */
function tamper(sql: string): void {
  const sqlite = new DatabaseSync(join(directory, STORE_FILE));
  sqlite.exec(sql);
  sqlite.close();
}

describe("the store", () => {
  it("has an identity for as long as it exists and counts its openings", () => {
    const seen = [1, 2, 3].map(() => {
      const database = new Database(directory);
      database.close();
      return database.restored;
    });
    expect(seen.map(({ bootCount }) => bootCount)).toEqual([1, 2, 3]);
    expect(new Set(seen.map(({ storeId }) => storeId)).size).toBe(1);
    rmSync(directory, { recursive: true });
    const wiped = new Database(directory);
    wiped.close();
    expect(wiped.restored.bootCount).toBe(1);
    expect(wiped.restored.storeId).not.toBe(seen[0]!.storeId);
  });

  it("is private to its owner", () => {
    rmSync(directory, { recursive: true });
    const database = new Database(directory);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    database.commit([{ key: "a", value: "1" }]);
    for (const file of readdirSync(directory)) expect(statSync(join(directory, file)).mode & 0o077).toBe(0);
    database.close();
  });

  it("reports a row that has rotted and leaves the others alone", () => {
    const database = new Database(directory);
    database.commit([
      { key: "good", value: '"fine"' },
      { key: "rotten", value: '"fine"' },
      { key: "swapped", value: '"theirs"' },
    ]);
    database.close();
    tamper(`UPDATE entry SET value = '"fime"' WHERE key = 'rotten'`);
    tamper(
      "UPDATE entry SET checksum = (SELECT checksum FROM entry WHERE key = 'good') WHERE key = 'swapped'",
    );
    const { restored } = reopened();
    expect(restored.rows).toEqual([["good", '"fine"']]);
    expect(restored.corrupt).toEqual(["rotten", "swapped"]);
  });

  it("takes a rotten row for good again once it has been written anew", () => {
    const database = new Database(directory);
    database.commit([{ key: "a", value: "1" }]);
    database.close();
    tamper("UPDATE entry SET checksum = ''");
    const second = new Database(directory);
    second.commit([{ key: "a", value: "2" }]);
    second.close();
    expect(reopened().restored).toMatchObject({ rows: [["a", "2"]], corrupt: [] });
  });

  it("changes nothing when a commit fails in the middle", () => {
    const database = new Database(directory);
    database.commit([{ key: "a", value: "1" }]);
    const impossible = { key: "b", value: undefined as unknown as string };
    expect(() => database.commit([{ key: "a", value: "2" }, impossible])).toThrow();
    database.commit([{ key: "c", value: "3" }]);
    database.close();
    expect(reopened().restored.rows).toEqual([
      ["a", "1"],
      ["c", "3"],
    ]);
  });

  it("is refused while another has it open", () => {
    const database = new Database(directory);
    expect(refusal()).toBe("conflict");
    database.close();
    expect(refusal()).toBe("opened");
  });

  it("is refused when a later version has written it", () => {
    new Database(directory).close();
    tamper("PRAGMA user_version = 2");
    expect(refusal()).toBe("invalid");
  });

  it("is refused when it is somebody else's database", () => {
    tamper("CREATE TABLE theirs (a); PRAGMA user_version = 1");
    expect(refusal()).toBe("invalid");
  });

  it("is refused when it is garbage, and left as it is", () => {
    const garbage = Buffer.alloc(8192, "not a database ");
    writeFileSync(join(directory, STORE_FILE), garbage);
    expect(refusal()).toBe("unsafe");
    expect(readFileSync(join(directory, STORE_FILE)).equals(garbage)).toBe(true);
  });

  it("is refused when pages of it are damaged", () => {
    const database = new Database(directory);
    for (let i = 0; i < 50; i++) database.commit([{ key: `k${i}`, value: JSON.stringify("x".repeat(2000)) }]);
    database.close();
    const file = readFileSync(join(directory, STORE_FILE));
    file.fill(0xa5, 3 * 4096, 12 * 4096);
    writeFileSync(join(directory, STORE_FILE), file);
    expect(refusal()).toBe("unsafe");
  });

  it("is refused where no directory can be made", () => {
    writeFileSync(join(directory, "file"), "");
    const path = join(directory, "file", "state");
    expect(() => new Database(path)).toThrowError(DiscoveryError);
  });
});

function reopened(): Database {
  const database = new Database(directory);
  database.close();
  return database;
}
