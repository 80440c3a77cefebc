/**
 * Writes what is generated from the sources: reference pages, the JSON Schema and the example of the configuration.
 * With `--check` it writes nothing and fails when a file is not fresh.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generated } from "./generated.ts";

const root = join(import.meta.dirname, "..");
const onlyCheck = process.argv.includes("--check");
let stale = 0;
for (const { path, text } of generated()) {
  const file = join(root, path);
  if (readOrEmpty(file) === text) continue;
  stale++;
  if (!onlyCheck) writeFileSync(file, text);
  console.log(`${onlyCheck ? "stale" : "written"}: ${path}`);
}
if (onlyCheck && stale > 0) process.exit(1);

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
