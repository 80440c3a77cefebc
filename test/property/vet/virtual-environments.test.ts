import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { VeManifest } from "../../../src/vet/lifecycle/manifest.ts";
import { manifest, template } from "../../support/ve-manifests.ts";
import { VetWorld } from "../../support/vet-world.ts";

/**
 * Random commands, crashes and restarts. The world checks after every step that no VM runs twice, that none is
 * assigned while it could run or start elsewhere, and that no two members act on a record of one name.
 */
const HOSTS = ["a", "b", "c", "d"];
const NAMES = ["shop", "blog", "mail"];

const host = fc.constantFrom(...HOSTS);
const name = fc.constantFrom(...NAMES);
const count = fc.integer({ min: 1, max: 3 });
const pick = fc.nat();

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("apply" as const), host, name, count, priority: fc.nat(100) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("start" as const, "stop" as const), host, name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), host, name }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("migrate" as const), host, pick, fails: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("end" as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("crash-agent" as const), host }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash-host" as const), host }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("restart" as const), host }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("drain" as const, "restore" as const), host }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("cut" as const, "heal" as const), host }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("join" as const) }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("wait" as const), span: fc.integer({ min: 5, max: 8000 }) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Story {
  readonly world: VetWorld;
  /** Created, acknowledged, and never asked to be deleted since. */
  readonly owed = new Set<string>();
  /** A delete may still be on its way when a later apply is answered. */
  readonly #deleted = new Map<string, number>();

  constructor(seed: number, loss: number, lostOrders: number) {
    this.world = new VetWorld(`story-${seed}`, HOSTS);
    this.world.loss = loss;
    this.world.lostOrders = lostOrders;
  }

  play(what: Step): void {
    const { world } = this;
    switch (what.do) {
      case "apply":
        return this.#apply(what.host, manifestOf(what.name, what.count, what.priority));
      case "start":
      case "stop":
        return this.#send(what.host, { type: `ve.${what.do}`, name: what.name });
      case "delete":
        this.owed.delete(what.name);
        this.#deleted.set(what.name, world.now);
        return this.#send(what.host, { type: "ve.delete", name: what.name });
      case "migrate":
        return void this.#withVm(what.pick, (vm) => world.migrate(vm, what.host, what.fails));
      case "end":
        return this.#withVm(what.pick, (vm) => world.guestEnds(vm));
      case "crash-agent":
        return this.#ifUp(what.host, true, () => world.crashAgent(what.host));
      case "crash-host":
        return this.#ifUp(what.host, true, () => world.crashHost(what.host));
      case "restart":
        return this.#ifUp(what.host, false, () => world.restart(what.host));
      case "drain":
      case "restore":
        return world.drain(what.host, what.do === "drain");
      case "cut":
        return world.cut((from, to) => (from === what.host) !== (to === what.host));
      case "heal":
        return world.cut(() => false);
      case "join":
        return void (world.nodes.has("e") ? null : world.join("e", "2026-02-01T00:00:00Z"));
      case "wait":
        return world.run(what.span);
    }
  }

  /** Ends all trouble and waits for the world to settle. */
  settle(): void {
    const { world } = this;
    world.cut(() => false);
    world.loss = 0;
    world.lostOrders = 0;
    for (const id of world.ids) {
      if (!world.node(id).up) world.restart(id);
      world.drain(id, false);
    }
    world.run(300_000);
  }

  #apply(at: string, wanted: VeManifest): void {
    if (!this.world.node(at).up) return;
    const answer = this.world.send(at, { type: "ve.apply", manifest: wanted, allowRestart: true });
    this.world.run(300);
    const settled = this.world.now - (this.#deleted.get(wanted.name) ?? Number.NEGATIVE_INFINITY) > 60_000;
    if (answer.result?.ok === true && settled) this.owed.add(wanted.name);
  }

  #send(at: string, command: Parameters<VetWorld["send"]>[1]): void {
    if (this.world.node(at).up) this.world.send(at, command);
  }

  #withVm(pick: number, run: (vm: string) => void): void {
    const vms = [...this.world.nodes.values()].flatMap(({ domains }) => [...domains.keys()]).sort();
    const vm = vms[pick % Math.max(1, vms.length)];
    if (vm !== undefined) run(vm);
  }

  #ifUp(id: string, up: boolean, run: () => void): void {
    if (this.world.node(id).up === up) run();
  }
}

function manifestOf(of: string, vms: number, priority: number): VeManifest {
  return manifest(of, [template("db"), template("web", { count: vms })], { priority });
}

describe("virtual environments", () => {
  const story = fc.record({
    seed: fc.nat(),
    loss: fc.constantFrom(0, 0.05, 0.3),
    lostOrders: fc.constantFrom(0, 0.3),
    steps: fc.array(step, { minLength: 5, maxLength: 60 }),
  });
  const runs = Number(process.env["VET_RUNS"] ?? 150);

  it("never run a VM twice, never lose or double a record, and settle when the trouble ends", () => {
    fc.assert(
      fc.property(story, ({ seed, loss, lostOrders, steps }) => {
        const { world, owed, play, settle } = bound(new Story(seed, loss, lostOrders));
        for (const each of steps) play(each);
        settle();
        for (const ve of NAMES) {
          const records = world.records(ve);
          expect(records.length, `${ve} is on ${records.map(({ at }) => at)}`).toBeLessThanOrEqual(1);
          if (owed.has(ve)) expect(records, `${ve} is lost`).toHaveLength(1);
          for (const { at, record } of records) {
            expect(at, `${ve} is with its home`).toBe(world.home(ve));
            for (const vm of record.vms) {
              expect(["running", "stopped"], `${ve}.${vm.name} has settled`).toContain(vm.state);
              expect(world.hostOf(vm.id), `${ve}.${vm.name} is where its record says`).toBe(vm.host);
            }
          }
        }
      }),
      { numRuns: runs },
    );
  });

  it("export what applies without a change", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(fc.record({ name, count, host, stop: fc.boolean() }), { maxLength: 5 }),
        (seed, ves) => {
          const world = new VetWorld(`export-${seed}`, HOSTS);
          for (const { name: of, count: vms, host: at, stop } of ves) {
            world.ask(at, { type: "ve.apply", manifest: manifestOf(of, vms, vms), allowRestart: true });
            world.run(20_000);
            if (stop) world.ended(world.answer(at, { type: "ve.stop", name: of }).operation);
            const exported = world.answer(at, { type: "ve.export", name: of }) as unknown as VeManifest;
            const again = world.answer(at, { type: "ve.apply", manifest: exported });
            expect(again).toMatchObject({ changed: false, changes: [] });
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});

function bound(story: Story) {
  return {
    world: story.world,
    owed: story.owed,
    play: (what: Step) => story.play(what),
    settle: () => story.settle(),
  };
}
