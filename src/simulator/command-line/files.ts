/** Files that users name: what the system says of them becomes a sentence with the name in it. */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { refuse } from "./failure.ts";

const REASONS: { readonly [code: string]: string } = {
  ENOENT: "there is no such file or folder",
  EACCES: "it may not be opened",
  EPERM: "that is not permitted",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is no folder",
  EEXIST: "it exists and is no folder",
  ENOSPC: "there is no space left",
  EROFS: "the file system is read-only",
  ENAMETOOLONG: "the name is too long",
};

export function sayReason(error: unknown): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
}

export function readText(file: string): string {
  return tried(`${file} cannot be read`, () => readFileSync(file, "utf8"));
}

export function writeText(file: string, text: string): void {
  tried(`${file} cannot be written`, () => writeFileSync(file, text));
}

/** Before work that would be lost: the file as it is, or an empty one that is taken away again. */
export function demandWritable(file: string): void {
  tried(`${file} cannot be written`, () => {
    const before = statSync(file, { throwIfNoEntry: false });
    closeSync(openSync(file, "a"));
    if (before === undefined) rmSync(file);
  });
}

type Claim = { readonly made: boolean };

/** A folder for new files: made, empty, or taken over on purpose. */
export function claimFolder(folder: string, force: boolean): Claim {
  const before = tried(`${folder} cannot be looked at`, () => statSync(folder, { throwIfNoEntry: false }));
  if (before !== undefined && !before.isDirectory()) refuse(`${folder} exists and is no folder`);
  const full =
    before !== undefined && tried(`${folder} cannot be read`, () => readdirSync(folder)).length > 0;
  if (full && !force) refuse(`${folder} exists and is not empty`, "name another folder, or add --force");
  tried(`${folder} cannot be made`, () => mkdirSync(folder, { recursive: true }));
  demandWritable(join(folder, "README.md"));
  return { made: before === undefined };
}

export function giveUpFolder(folder: string, { made }: Claim): void {
  if (made && readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
}

function tried<T>(failed: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    return refuse(`${failed}: ${sayReason(error)}`);
  }
}
