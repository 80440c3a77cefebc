import { expect, test } from "vitest";
import { readManifest } from "../../../src/api/manifest.ts";
import { manifestPage } from "../../../src/api/manifest-page.ts";

const page = manifestPage();

test("the page's example is a manifest", () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
  const read = readManifest(example, "page", () => "<domain type='kvm'><name>db</name></domain>");
  expect(read.ok ? [] : read.problems.filter(({ path }) => !path.includes("domain"))).toEqual([]);
});

test("the page has every field of a VM", () => {
  for (const field of [
    "name",
    "count",
    "cpus",
    "memory",
    "boot.kernel",
    "disks[].path",
    "nics[].network",
    "domain.fromFile",
  ])
    expect(page).toContain(`\`spec.vms[].${field}\``);
});
