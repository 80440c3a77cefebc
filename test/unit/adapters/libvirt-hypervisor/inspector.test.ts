import { describe, expect, it } from "vitest";
import { described } from "../../../../src/adapters/libvirt/hypervisor/inspector.ts";
import type { Domain } from "../../../../src/hypervisor/domain.ts";

describe("libvirt's state, reason and job in the port's words", () => {
  it.each<[string, number, number, Domain["job"], Partial<Domain>]>([
    ["running", 1, 1, "none", { state: "running", pauseReason: null, job: "none" }],
    ["blocked", 2, 0, "none", { state: "running", pauseReason: null }],
    ["powering off", 4, 1, "none", { state: "running" }],
    ["shut off", 5, 1, "none", { state: "shutoff", pauseReason: null, job: "none" }],
    ["crashed and kept", 6, 1, "none", { state: "crashed", pauseReason: null }],
    ["asleep by itself", 7, 0, "none", { state: "paused", pauseReason: "other" }],
    ["paused by somebody", 3, 1, "none", { state: "paused", pauseReason: "user" }],
    [
      "paused by somebody, then migrated",
      3,
      1,
      "migrating-out",
      { pauseReason: "user", job: "migrating-out" },
    ],
    ["the shell of a migration, being made", 3, 11, "migrating-in", { pauseReason: "migrating-in" }],
    ["the shell of a migration", 3, 2, "migrating-in", { pauseReason: "migrating-in", job: "migrating-in" }],
    [
      "arrived paused, while libvirt is still at it",
      3,
      1,
      "migrating-in",
      { pauseReason: "user", job: "none" },
    ],
    ["the last phase at the source", 3, 2, "migrating-out", { pauseReason: "migrating-out" }],
    ["left by a migration that nobody ended", 3, 2, "none", { pauseReason: "post-migration" }],
    ["left by libvirt without a word", 3, 0, "none", { pauseReason: "post-migration" }],
    ["a broken post-copy", 3, 13, "none", { pauseReason: "post-migration" }],
    ["starting", 3, 11, "none", { pauseReason: "other" }],
    ["stopped by an error of its disk", 3, 5, "none", { pauseReason: "other" }],
    ["leaving", 1, 1, "migrating-out", { state: "running", job: "migrating-out" }],
    ["arrived, while libvirt is still at it", 1, 3, "migrating-in", { state: "running", job: "none" }],
  ])("%s", (_, state, reason, job, words) => {
    expect(described(state, reason, job)).toMatchObject(words);
  });
});
