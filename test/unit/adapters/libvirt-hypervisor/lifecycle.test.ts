import { describe, expect, it } from "vitest";
import { Lifecycle } from "../../../../src/adapters/libvirt/hypervisor/lifecycle.ts";
import type { Domain } from "../../../../src/hypervisor/domain.ts";

const VM = "00000000-0000-4000-8000-000000000001";
const shell = { vm: VM, pauseReason: "migrating-in" } as Domain;

/** The causes that a sequence of (event, detail) is told as; `null` where nothing is told. */
function causes(events: readonly (readonly [number, number])[], lifecycle = new Lifecycle()) {
  return events.map(([event, detail]) => lifecycle.meaning(VM, event, detail)?.cause ?? null);
}

describe("lifecycle events of libvirt 9.0", () => {
  it.each([
    [
      "a start",
      [
        [4, 0],
        [2, 0],
      ],
      ["resumed", "started"],
    ],
    [
      "a pause and a resume",
      [
        [3, 0],
        [4, 0],
      ],
      ["paused", "resumed"],
    ],
    [
      "a guest that powers off",
      [
        [6, 1],
        [5, 0],
      ],
      [null, "stopped"],
    ],
    [
      "an operator's destroy",
      [
        [6, 2],
        [5, 1],
      ],
      [null, "stopped"],
    ],
    ["a killed QEMU", [[5, 5]], ["crashed"]],
    [
      "a terminated QEMU",
      [
        [6, 2],
        [5, 0],
      ],
      [null, "crashed"],
    ],
    [
      "a panic that ends the domain",
      [
        [3, 0],
        [8, 0],
        [5, 2],
      ],
      ["paused", "changed", "crashed"],
    ],
    [
      "a panic that is kept",
      [
        [3, 0],
        [8, 0],
      ],
      ["paused", "changed"],
    ],
    [
      "a migration, at its source",
      [
        [3, 1],
        [5, 3],
      ],
      ["changed", "migrated-out"],
    ],
    [
      "a migration that fails in its last phase, at its source",
      [
        [3, 1],
        [4, 1],
      ],
      ["changed", "resumed"],
    ],
    [
      "a migration, at its destination",
      [
        [2, 1],
        [3, 0],
        [4, 0],
      ],
      ["changed", "migrated-in", "resumed"],
    ],
    [
      "a migration that fails, at its destination",
      [
        [2, 1],
        [5, 5],
      ],
      ["changed", "migration-in-failed"],
    ],
    [
      "a shell that is destroyed",
      [
        [2, 1],
        [6, 2],
        [5, 1],
      ],
      ["changed", null, "migration-in-failed"],
    ],
    [
      "a guest that arrives and then crashes",
      [
        [2, 1],
        [3, 0],
        [5, 5],
      ],
      ["changed", "migrated-in", "crashed"],
    ],
    [
      "a save and a restore",
      [
        [3, 0],
        [5, 4],
        [2, 2],
        [4, 2],
      ],
      ["paused", "stopped", "started", "resumed"],
    ],
    [
      "a definition and its end",
      [
        [0, 0],
        [1, 0],
      ],
      ["changed", "changed"],
    ],
    ["the guest's own sleep", [[7, 0]], ["paused"]],
    [
      "a terminated QEMU, then a guest that powers off",
      [
        [6, 2],
        [5, 0],
        [2, 0],
        [6, 1],
        [5, 0],
      ],
      [null, "crashed", "started", null, "stopped"],
    ],
  ] as const)("%s", (_, events, told) => {
    expect(causes(events)).toEqual(told);
  });

  it("an end is told as one, also of a definition", () => {
    const lifecycle = new Lifecycle();
    const ends = [
      [2, 0],
      [5, 5],
      [1, 0],
      [3, 0],
    ].map(([event, detail]) => lifecycle.meaning(VM, event!, detail!)?.ends);
    expect(ends).toEqual([false, true, true, false]);
  });

  it("a shell that was found, not heard of, fails as one", () => {
    const lifecycle = new Lifecycle();
    lifecycle.saw(shell, lifecycle.heard(VM));
    expect(causes([[5, 5]], lifecycle)).toEqual(["migration-in-failed"]);
  });

  it("a reading that is older than the guest's arrival changes nothing", () => {
    const lifecycle = new Lifecycle();
    causes([[2, 1]], lifecycle);
    const before = lifecycle.heard(VM);
    causes([[4, 1]], lifecycle);
    lifecycle.saw(shell, before);
    expect(causes([[5, 5]], lifecycle)).toEqual(["crashed"]);
  });

  it("nothing is remembered over a lost connection", () => {
    const lifecycle = new Lifecycle();
    causes(
      [
        [2, 1],
        [6, 2],
      ],
      lifecycle,
    );
    lifecycle.reset();
    expect(causes([[5, 0]], lifecycle)).toEqual(["stopped"]);
  });
});
