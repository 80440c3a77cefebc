import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteJournal } from "../../../src/adapters/store/journal.ts";
import type { JournalSink } from "../../../src/ports/ports.ts";
import { type JournalMedium, journalContract } from "./journal-contract.ts";

async function sqliteMedium(): Promise<JournalMedium> {
  const directory = mkdtempSync(join(tmpdir(), "discovery-journal-"));
  let journal: SqliteJournal | undefined;
  return {
    open: async ({ persisted }: JournalSink) => {
      const broken = (failure: { message: string }) => {
        throw new Error(failure.message);
      };
      const opened = await SqliteJournal.open(directory, { persisted, broken, space: () => {} });
      journal = opened.journal;
      return opened;
    },
    crash: async () => journal?.abandon(),
    until: async (what, holds) => {
      const deadline = performance.now() + 10_000;
      while (!holds()) {
        if (performance.now() > deadline) throw new Error(`never happened: ${what}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    dispose: async () => {
      await journal?.abandon();
      rmSync(directory, { recursive: true });
    },
  };
}

journalContract("the store on disk", sqliteMedium);
