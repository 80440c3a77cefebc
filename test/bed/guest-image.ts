/** The bed's guest kernel: the committed file when it is of the committed sources, else built anew with gcc. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "./run.ts";

const folder = fileURLToPath(new URL("./guest/", import.meta.url));

/** Whether `guest.elf` was built from the sources as they are now (`guest.sources` is sha256sum's output). */
export function imageIsFresh(): boolean {
  const lines = readFileSync(`${folder}guest.sources`, "utf8").trim().split("\n");
  return lines.every((line) => {
    const [sum, file = ""] = line.split(/\s+/);
    return (
      createHash("sha256")
        .update(readFileSync(`${folder}${file}`))
        .digest("hex") === sum
    );
  });
}

/** Path of the guest kernel. Rejects when the sources have changed and there is no gcc. */
export async function guestImage(): Promise<string> {
  if (!imageIsFresh()) await run("sh", [`${folder}build.sh`]);
  return `${folder}guest.elf`;
}
