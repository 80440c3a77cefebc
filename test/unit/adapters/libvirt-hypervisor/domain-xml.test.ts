import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Machine } from "../../../../src/adapters/libvirt/hypervisor/domain-type.ts";
import { domainXml } from "../../../../src/adapters/libvirt/hypervisor/domain-xml.ts";
import { child, elementsOf, parseXml, textOf } from "../../../../src/adapters/libvirt/hypervisor/xml.ts";
import type { VmSpec } from "../../../../src/model/virtual-machine.ts";
import { vmSpec, vmStamp } from "../../../support/virtual-machines.ts";

const QEMU: Machine = { type: "qemu", emulator: "/usr/bin/qemu-system-x86_64", arch: "x86_64", reason: "" };
const KVM: Machine = { ...QEMU, type: "kvm" };
const golden = (name: string) => readFileSync(new URL(`./golden/${name}.xml`, import.meta.url), "utf8");
/** One tag a line, as the golden files are. */
const lines = (xml: string) => `${xml.replaceAll("><", ">\n<")}\n`;
const devices = (spec: VmSpec) => child(parseXml(domainXml(spec, vmStamp(1), QEMU)), "devices")!;

const FULL: VmSpec = {
  ...vmSpec(1, 2048, 2),
  disks: [
    { path: "/srv/shared/web & co.qcow2", format: "qcow2", readOnly: false },
    { path: "/srv/shared/tools.raw", format: "raw", readOnly: true },
  ],
  nics: [{ network: "ve-shop", mac: "52:54:00:12:34:56" }, { network: "default" }],
};
const KERNEL: VmSpec = {
  ...vmSpec(2, 96),
  boot: { kernel: "/boot/vmlinuz", initrd: "/boot/initrd", cmdline: `console=ttyS0 title="a<b"` },
};

describe("a domain description", () => {
  it("of disks and networks", () => {
    expect(lines(domainXml(FULL, vmStamp(1), KVM))).toBe(golden("disks"));
  });

  it("of a kernel, interpreted", () => {
    expect(lines(domainXml(KERNEL, vmStamp(2), QEMU))).toBe(golden("kernel"));
  });

  it("names its disks vda to vdz, then vdaa", () => {
    const disks = Array.from({ length: 28 }, (_, i) => ({
      path: `/d${i}`,
      format: "raw" as const,
      readOnly: false,
    }));
    const names = elementsOf(devices({ ...vmSpec(1), disks }), "disk").map((one) =>
      child(one, "target")?.attributes.get("dev"),
    );
    expect([names[0], names[25], names[26], names[27]]).toEqual(["vda", "vdz", "vdaa", "vdab"]);
  });

  it("boots a kernel without disks from nothing else", () => {
    const os = child(parseXml(domainXml(vmSpec(1), vmStamp(1), QEMU)), "os")!;
    expect(elementsOf(os).map(({ name }) => name)).toEqual(["type"]);
  });

  it("leaves the restart of guests to the agent", () => {
    const root = parseXml(domainXml(vmSpec(1), vmStamp(1), QEMU));
    expect(textOf(child(root, "on_crash")!)).toBe("destroy");
    expect(textOf(child(root, "on_poweroff")!)).toBe("destroy");
  });

  it("names no emulator nor x86 device where libvirt said nothing of them", () => {
    const elsewhere = { ...QEMU, emulator: "", arch: "aarch64" };
    const found = elementsOf(child(parseXml(domainXml(vmSpec(1), vmStamp(1), elsewhere)), "devices")!);
    expect(found.map(({ name }) => name)).not.toContain("emulator");
    expect(found.map(({ name }) => name)).not.toContain("panic");
  });
});
