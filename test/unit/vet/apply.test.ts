import { describe, expect, it } from "vitest";
import type { VeManifest } from "../../../src/vet/lifecycle/manifest.ts";
import { validateManifest, warningsOf } from "../../../src/vet/lifecycle/validate.ts";
import type { VeAnswer } from "../../../src/vet/views.ts";
import { manifest, template } from "../../support/ve-manifests.ts";
import { VetWorld } from "../../support/vet-world.ts";

const HOSTS = ["a", "b", "c"];
const SHOP = manifest("shop", [template("db"), template("web", { count: 2 })]);

function shop(seed: string, wanted: VeManifest = SHOP): VetWorld {
  const world = new VetWorld(seed, HOSTS);
  world.running("a", wanted);
  return world;
}

function apply(
  world: VetWorld,
  wanted: VeManifest,
  more: { readonly [key: string]: unknown } = {},
): VeAnswer {
  const answer = world.answer("b", { type: "ve.apply", manifest: wanted, ...more });
  if (answer.operation !== null) world.ended(answer.operation);
  return answer;
}

function policies(world: VetWorld): (number | undefined)[] {
  return [...world.nodes.values()].flatMap(({ domains }) =>
    [...domains.values()].map(({ stamp }) => stamp?.policy.priority),
  );
}

describe("applying a manifest", () => {
  it("changes nothing the second time, in whatever order it is written", () => {
    const world = shop("idempotent");
    const shuffled = Object.fromEntries(Object.entries(SHOP).reverse()) as unknown as VeManifest;
    expect(apply(world, shuffled)).toMatchObject({
      changed: false,
      changes: [],
      generation: 1,
      operation: null,
    });
    expect(world.starts).toHaveLength(3);
  });

  it("changes policies live: the stamps of running VMs follow, and none is restarted", () => {
    const world = shop("live");
    const answer = apply(world, {
      ...SHOP,
      priority: 77,
      placement: { require: {}, rules: [{ kind: "apart", vms: ["web"] }] },
    });
    expect(answer).toMatchObject({ changed: true, generation: 2 });
    expect(answer.changes.map(({ path, effect }) => `${path} ${effect}`)).toEqual([
      "priority live",
      "placement.rules live",
    ]);
    world.until(() => policies(world).every((priority) => priority === 77), 30_000);
    const apart = [...world.nodes.values()].flatMap(({ domains }) =>
      [...domains.values()]
        .filter(({ stamp }) => stamp?.vm.startsWith("web"))
        .map(({ stamp }) => stamp?.policy.apart.length),
    );
    expect(apart).toEqual([1, 1]);
    expect(world.starts).toHaveLength(3);
  });

  it("starts the VMs that a higher count adds and stops the highest that a lower one leaves out", () => {
    const world = shop("count");
    const names = (): string[] => world.show("a", "shop").vms.map(({ name }) => name);
    apply(world, { ...SHOP, vms: [template("db"), template("web", { count: 4 })] });
    expect(names()).toEqual(["db", "web-0", "web-1", "web-2", "web-3"]);
    apply(world, { ...SHOP, vms: [template("db"), template("web", { count: 3 })] });
    expect(names()).toEqual(["db", "web-0", "web-1", "web-2"]);
    expect(world.starts).toHaveLength(5);
    expect([...world.nodes.values()].reduce((sum, { domains }) => sum + domains.size, 0)).toBe(4);
  });

  it("restarts a VM for what only takes hold at a start, and only when that is allowed", () => {
    const world = shop("restart");
    const bigger = { ...SHOP, vms: [template("db", { memory: 2048 }), template("web", { count: 2 })] };
    const refusal = world.refusal("a", { type: "ve.apply", manifest: bigger });
    expect(refusal).toMatchObject({ code: "unsafe", reason: "vms.db.memory only take hold at a start" });
    const before = world.show("a", "shop").vms[0]?.id ?? "";
    apply(world, bigger, { allowRestart: true });
    const after = world.show("a", "shop").vms[0];
    expect(after).toMatchObject({ id: before, state: "running" });
    expect(world.node(after?.host ?? "").domains.get(before)?.memory).toBe(2048);
    expect(world.starts.filter(({ vm }) => vm === before)).toHaveLength(2);
    expect(world.starts).toHaveLength(4);
  });

  it("only says what it would do when it is dry", () => {
    const world = shop("dry");
    const wanted = { ...SHOP, priority: 1, vms: [template("db", { domainXml: "<domain/>" })] };
    const plan = apply(world, wanted, { dryRun: true });
    expect(plan).toMatchObject({ changed: false, generation: 1, operation: null });
    expect(plan.changes.map(({ path, effect }) => `${path} ${effect}`)).toEqual([
      "priority live",
      "vms.db.domain recreate",
      "vms.web stop",
    ]);
    expect(apply(world, SHOP).changed).toBe(false);
    const fresh = apply(world, manifest("blog", [template("web")]), { dryRun: true });
    expect(fresh.changes.map(({ path }) => path)).toEqual(["ve", "vms.web"]);
    expect(world.refusal("a", { type: "ve.show", name: "blog" }).code).toBe("not-found");
  });

  it("is refused when the VE is not at the generation that was expected", () => {
    const world = shop("generation");
    const stale = world.refusal("a", { type: "ve.apply", manifest: SHOP, ifGeneration: 0 });
    expect(stale).toMatchObject({ code: "conflict", reason: "it is at generation 1, 0 was expected" });
    const absent = world.refusal("a", { type: "ve.apply", manifest: manifest("blog", []), ifGeneration: 3 });
    expect(absent).toMatchObject({ code: "conflict", message: "blog does not exist" });
    expect(apply(world, { ...SHOP, priority: 2 }, { ifGeneration: 1 }).generation).toBe(2);
  });

  it("is refused when another VE of the same home writes to its disk", () => {
    const world = new VetWorld("disk", ["a"]);
    const disks = [{ path: "/srv/web.qcow2", format: "qcow2", readOnly: false }] as const;
    world.running("a", manifest("one", [template("web", { disks })]));
    const refusal = world.refusal("a", {
      type: "ve.apply",
      manifest: manifest("two", [template("web", { disks })]),
    });
    expect(refusal).toMatchObject({ code: "conflict", reason: "one does already" });
  });

  it("starts what takes a VM's place only when that has gone", () => {
    const world = shop("replace", manifest("shop", [template("db")]));
    world.until(() => world.show("a", "shop").observed === "running", 1000);
    const answer = world.answer("a", { type: "ve.apply", manifest: manifest("shop", [template("db2")]) });
    const [old] = world.starts;
    while (world.starts.length < 2) {
      world.run(10);
      if (world.starts.length === 2) expect(world.hostOf(old?.vm ?? "")).toBeNull();
    }
    expect(world.ended(answer.operation).state).toBe("succeeded");
  });
});

describe("a manifest", () => {
  const rules = (...all: VeManifest["placement"]["rules"]) => ({ placement: { require: {}, rules: all } });
  const disk = (path: string, readOnly = false) => ({ path, format: "raw" as const, readOnly });
  const bad: readonly [string, VeManifest, RegExp][] = [
    ["a name that is no label", manifest("Shop", [template("web")]), /RFC 1123/],
    [
      "two VMs of one name",
      manifest("shop", [template("web-0"), template("web", { count: 2 })]),
      /two VMs are called web-0/,
    ],
    ["too many VMs", manifest("shop", [template("web", { count: 257 })]), /257 VMs, 256 are allowed/],
    ["half a CPU", manifest("shop", [template("web", { cpus: 0.5 })]), /whole numbers/],
    ["a priority beyond 100", manifest("shop", [template("web")], { priority: 101 }), /priority 101/],
    [
      "a rule for a stranger",
      manifest("shop", [template("web")], rules({ kind: "apart", vms: ["web", "db"] })),
      /names db/,
    ],
    [
      "VMs that are to be apart and, through a third, together",
      manifest(
        "shop",
        [template("a"), template("b"), template("c")],
        rules(
          { kind: "together", vms: ["a", "b"] },
          { kind: "together", vms: ["b", "c"] },
          { kind: "apart", vms: ["a", "c"] },
        ),
      ),
      /a and c are to be apart and together/,
    ],
    [
      "two VMs that write to one disk",
      manifest("shop", [template("web", { count: 2, disks: [disk("/srv/web.raw")] })]),
      /web-0 and web-1 would both write to \/srv\/web.raw/,
    ],
    ["a relative path", manifest("shop", [template("web", { disks: [disk("web.raw")] })]), /not absolute/],
    [
      "a document and a disk",
      manifest("shop", [template("web", { domainXml: "<domain/>", disks: [disk("/d")] })]),
      /whole domain document/,
    ],
    [
      "one MAC address twice",
      manifest("shop", [template("web", { count: 2, nics: [{ network: "n", mac: "52:54:00:00:00:01" }] })]),
      /same MAC/,
    ],
    [
      "a document beyond all bounds",
      manifest("shop", [template("web", { domainXml: "x".repeat(70_000) })]),
      /65536 are allowed/,
    ],
  ];

  for (const [what, wanted, reason] of bad) {
    it(`with ${what} is refused, and says so`, () => {
      const failure = validateManifest(wanted);
      expect(failure?.code).toBe("invalid");
      expect(failure?.reason).toMatch(reason);
    });
  }

  it("with a disk that all only read is accepted", () => {
    const wanted = manifest("shop", [template("web", { count: 2, disks: [disk("/srv/base.raw", true)] })]);
    expect(validateManifest(wanted)).toBeNull();
  });

  it("that may not fit is accepted with a warning for each reason", () => {
    const wanted = manifest("shop", [template("web", { count: 4, memory: 99_999 })], {
      placement: {
        require: { site: "rennes" },
        rules: [
          { kind: "apart", vms: ["web"] },
          { kind: "apart", vms: ["web-0"] },
        ],
      },
    });
    expect(validateManifest(wanted)).toBeNull();
    expect(warningsOf(wanted, new VetWorld("warn", HOSTS).members())).toEqual([
      "4 VMs are to be apart and 3 hosts are known: some will wait",
      "the rule apart names one VM only and has no effect",
      "no known host has site=rennes: VMs will wait",
      "web wants 99999 MiB, the largest known host has 16384 MiB",
    ]);
  });
});
