/**
 * Writes without end into a journal and notes the number of each write, in a file, once it is reported durable;
 * made to be killed. Arguments: the store's directory, the file, the number to go on from.
 */
import { openSync, writeSync } from "node:fs";
import { SqliteJournal } from "../../../src/adapters/store/journal.ts";

const [directory = "", notes = "", first = "0"] = process.argv.slice(2);
const file = openSync(notes, "a");
const AHEAD = 50;
let next = Number(first);

const { journal } = await SqliteJournal.open(directory, {
  persisted: (id) => {
    writeSync(file, `${id}\n`);
    write();
  },
  space: () => {},
  broken: (failure) => {
    throw new Error(failure.message);
  },
});

/** Ten keys say the same number, so that half a write would show. */
function write(): void {
  next += 1;
  const keys = Array.from({ length: 10 }, (_, i) => `key-${i}`);
  journal.write(
    next,
    keys.map((key) => ({ key, value: next })),
  );
}

for (let i = 0; i < AHEAD; i++) write();
