import { existsSync, mkdtempSync, rmSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Space } from "../../../../src/adapters/store/space.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "discovery-space-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const { bavail, bsize } = statfsSync(tmpdir());

describe.skipIf(bavail * bsize < 128 << 20)("room on the disk", () => {
  it("is kept in reserve, given up once when it is needed, and taken back", () => {
    const space = new Space(directory);
    const ballast = join(directory, "ballast");
    expect(space.survey()).toBe("ample");
    expect(statSync(ballast).blocks * 512).toBeGreaterThanOrEqual(16 << 20);
    expect([space.jettison(), space.jettison()]).toEqual([true, false]);
    expect(existsSync(ballast)).toBe(false);
    expect(space.survey()).toBe("ample");
    expect(statSync(ballast).size).toBe(16 << 20);
  });
});
