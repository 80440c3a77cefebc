/**
 * The rows on disk: SQLite in WAL mode with synchronous=FULL, so that what is committed has been fsynced, and in
 * exclusive locking mode, so that a second agent on the same directory is refused for as long as the first lives
 * (the kernel lets go of the lock whatever way it dies). Synchronous: it belongs in a worker thread.
 *
 * SQLite does not notice a row that has rotted on the disk, so each carries a checksum over its key and value.
 */
import { hash, randomUUID } from "node:crypto";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { DiscoveryError } from "../../lib/error.ts";
import { damaged, openFailure } from "./failures.ts";

/** "DISC": tells our files from other people's. */
const APPLICATION_ID = 0x44495343;
const SCHEMA_VERSION = 1;
/** Pages (4 KiB each) in the log before they are copied into the file: keeps reopening quick. */
const CHECKPOINT_PAGES = 200;
/** Milliseconds to wait for a predecessor that is just ending. */
const LOCK_TIMEOUT = 2_000;

export const STORE_FILE = "store.sqlite";

/** One change of one row; `value` is JSON, null deletes. */
export interface RowChange {
  readonly key: string;
  readonly value: string | null;
}

/** What was found at the start. */
export interface Restored {
  /** Keys and JSON texts, in the order of the keys. */
  readonly rows: readonly (readonly [string, string])[];
  /** Keys whose rows did not match their checksums; they are not among the rows. */
  readonly corrupt: readonly string[];
  /** Drawn when the store was made: a wiped disk is another store. */
  readonly storeId: string;
  /** Counts openings, this one included: an old copy put back shows by it. */
  readonly bootCount: number;
}

export class Database {
  readonly restored: Restored;
  readonly #sqlite: DatabaseSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;

  /** @throws DiscoveryError `conflict` in use elsewhere, `unsafe` damaged, `invalid` of a later version. */
  constructor(directory: string) {
    let sqlite: DatabaseSync | undefined;
    try {
      sqlite = openFile(directory);
      migrate(sqlite, directory);
      this.restored = restore(sqlite);
      this.#put = sqlite.prepare(
        "INSERT INTO entry (key, value, checksum) VALUES (?, ?, ?) " +
          "ON CONFLICT (key) DO UPDATE SET value = excluded.value, checksum = excluded.checksum",
      );
      this.#delete = sqlite.prepare("DELETE FROM entry WHERE key = ?");
      this.#sqlite = sqlite;
    } catch (error) {
      sqlite?.close();
      throw openFailure(directory, error);
    }
  }

  /** Makes all changes durable or, when it throws, none. */
  commit(changes: readonly RowChange[]): void {
    transaction(this.#sqlite, () => {
      for (const { key, value } of changes) {
        if (value === null) this.#delete.run(key);
        else this.#put.run(key, value, checksum(key, value));
      }
    });
  }

  close(): void {
    this.#sqlite.close();
  }
}

export function checksum(key: string, value: string): string {
  return hash("sha256", `${key}\0${value}`).slice(0, 32);
}

function openFile(directory: string): DatabaseSync {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, STORE_FILE);
  const sqlite = new DatabaseSync(path, { timeout: LOCK_TIMEOUT });
  try {
    chmodSync(path, 0o600);
    sqlite.exec("PRAGMA locking_mode = EXCLUSIVE");
    sqlite.exec("PRAGMA journal_mode = WAL");
    sqlite.exec("PRAGMA synchronous = FULL");
    sqlite.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    return sqlite;
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

function migrate(sqlite: DatabaseSync, directory: string): void {
  refuseDamage(sqlite, directory);
  const version = pragma(sqlite, "user_version");
  const application = pragma(sqlite, "application_id");
  const fresh = version === 0 && application === 0;
  if (!fresh && application !== APPLICATION_ID)
    throw new DiscoveryError({ code: "invalid", message: `${STORE_FILE} in ${directory} is not a store.` });
  if (version > SCHEMA_VERSION)
    throw new DiscoveryError({
      code: "invalid",
      message: `The store in ${directory} was written by a later version.`,
      reason: `Its schema is version ${version}; this agent knows up to ${SCHEMA_VERSION}.`,
      hint: "Run the later version again, or move the store away and let the host join anew.",
    });
  if (fresh) transaction(sqlite, () => create(sqlite));
}

function refuseDamage(sqlite: DatabaseSync, directory: string): void {
  const found = Object.values(sqlite.prepare("PRAGMA quick_check(1)").get() ?? {})[0];
  if (found !== "ok") throw new DiscoveryError(damaged(directory, String(found)));
}

function create(sqlite: DatabaseSync): void {
  sqlite.exec("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID");
  sqlite.exec(
    "CREATE TABLE entry (key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum TEXT NOT NULL) STRICT",
  );
  const put = sqlite.prepare("INSERT INTO meta (key, value) VALUES (?, ?)");
  put.run("storeId", randomUUID());
  put.run("bootCount", "0");
  sqlite.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  sqlite.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}

function restore(sqlite: DatabaseSync): Restored {
  const bootCount = Number(meta(sqlite, "bootCount")) + 1;
  transaction(sqlite, () => {
    sqlite.prepare("UPDATE meta SET value = ? WHERE key = 'bootCount'").run(String(bootCount));
  });
  const rows: [string, string][] = [];
  const corrupt: string[] = [];
  for (const row of sqlite.prepare("SELECT key, value, checksum FROM entry ORDER BY key").iterate()) {
    const { key, value, checksum: sum } = row as { key: string; value: string; checksum: string };
    if (checksum(key, value) === sum) rows.push([key, value]);
    else corrupt.push(key);
  }
  return { rows, corrupt, storeId: meta(sqlite, "storeId"), bootCount };
}

function meta(sqlite: DatabaseSync, key: string): string {
  const { value } = sqlite.prepare("SELECT value FROM meta WHERE key = ?").get(key) ?? {};
  if (typeof value !== "string")
    throw new DiscoveryError({ code: "unsafe", message: `The store has no ${key}.` });
  return value;
}

function pragma(sqlite: DatabaseSync, name: string): number {
  return Number(Object.values(sqlite.prepare(`PRAGMA ${name}`).get() ?? {})[0] ?? 0);
}

function transaction(sqlite: DatabaseSync, work: () => void): void {
  sqlite.exec("BEGIN IMMEDIATE");
  try {
    work();
    sqlite.exec("COMMIT");
  } catch (error) {
    // Some errors, a full disk among them, have rolled back already.
    if (sqlite.isTransaction) sqlite.exec("ROLLBACK");
    throw error;
  }
}
