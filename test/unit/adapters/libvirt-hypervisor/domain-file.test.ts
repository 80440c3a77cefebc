import { describe, expect, it } from "vitest";
import { completeDomainXml } from "../../../../src/adapters/libvirt/hypervisor/domain-file.ts";
import { Refusal } from "../../../../src/adapters/libvirt/hypervisor/failures.ts";
import { readStamp, stampElement } from "../../../../src/adapters/libvirt/hypervisor/stamp.ts";
import {
  child,
  elementsOf,
  parseXml,
  textOf,
  writeXml,
} from "../../../../src/adapters/libvirt/hypervisor/xml.ts";
import { vmSpec, vmStamp } from "../../../support/virtual-machines.ts";

const spec = vmSpec(1, 64, 2);
const complete = (source: string) => completeDomainXml(spec, source, vmStamp(1), "qemu");
const completed = (source: string) => parseXml(complete(source));
const text = (source: string, name: string) => textOf(child(completed(source), name)!);

describe("a domain description by hand", () => {
  it("gets our id, name and stamp, whatever it says itself", () => {
    const source = `<domain type='kvm' id='7'><name>mine</name><uuid>1</uuid><devices/></domain>`;
    const root = completed(source);
    expect(textOf(child(root, "name")!)).toBe(spec.name);
    expect(textOf(child(root, "uuid")!)).toBe(spec.id);
    expect(root.attributes.get("type")).toBe("kvm");
    expect(root.attributes.has("id")).toBe(false);
    expect(readStamp(writeXml(elementsOf(child(root, "metadata")!)[0]!))).toEqual(vmStamp(1));
    expect(elementsOf(root, "uuid").length).toBe(1);
  });

  it("gets sizes and a type where it has none", () => {
    const root = completed("<domain/>");
    expect(root.attributes.get("type")).toBe("qemu");
    expect(text("<domain/>", "memory")).toBe("64");
    expect(text("<domain/>", "vcpu")).toBe("2");
  });

  it("keeps others' metadata and loses another stamp of ours", () => {
    const old = writeXml(stampElement(vmStamp(9)));
    const note = `<a:note xmlns:a="urn:a">hello</a:note>`;
    const metadata = child(completed(`<domain><metadata>${note}${old}</metadata></domain>`), "metadata")!;
    expect(elementsOf(metadata).map(({ name }) => name)).toEqual(["a:note", "discovery:stamp"]);
    expect(readStamp(writeXml(elementsOf(metadata)[1]!))).toEqual(vmStamp(1));
  });

  it("keeps what it is not about", () => {
    const devices = `<devices><disk type="file"><driver type="raw"/><source file="/a"/></disk></devices>`;
    expect(complete(`<domain>${devices}<features><acpi/></features></domain>`)).toContain(devices);
  });

  it.each([
    ["64 MiB", `<memory unit='MiB'>64</memory>`],
    ["64 MiB in KiB", `<memory unit='KiB'>65536</memory>`],
    ["64 MiB in libvirt's own unit", "<memory>65536</memory>"],
    ["two processors", "<vcpu placement='static'>2</vcpu>"],
    ["an empty drive", "<devices><disk type='file' device='cdrom'><target dev='hda'/></disk></devices>"],
    ["a crash that is kept to be looked at", "<on_crash>preserve</on_crash>"],
  ])("may say %s", (_, inside) => {
    expect(() => complete(`<domain>${inside}</domain>`)).not.toThrow();
  });

  it.each([
    ["another amount of memory", `<memory unit='GiB'>64</memory>`, "domain/memory is not 64 MiB"],
    ["memory in a unit that libvirt has not", `<memory unit='acres'>64</memory>`, "domain/memory"],
    ["another number of processors", "<vcpu>4</vcpu>", "domain/vcpu is not 2"],
    ["a restart by libvirt", "<on_crash>restart</on_crash>", "on_crash: restart"],
    ["a restart after a dump", "<on_crash>coredump-restart</on_crash>", "on_crash"],
    ["a restart in place of an end", "<on_poweroff>restart</on_poweroff>", "on_poweroff"],
    ["a lost lock that nobody minds", "<on_lockfailure>ignore</on_lockfailure>", "on_lockfailure"],
    ["a lease", "<devices><lease><key>a</key></lease></devices>", "domain/devices/lease"],
    ["a device of the host", "<devices><hostdev mode='subsystem'/></devices>", "domain/devices/hostdev"],
    ["a network device of the host", "<devices><interface type='hostdev'/></devices>", "interface"],
    ["a folder of the host", "<devices><filesystem/></devices>", "filesystem"],
    ["no confinement", "<seclabel type='none'/>", "seclabel"],
    [
      "no confinement of a disk",
      "<devices><disk><driver type='raw'/><source file='/a'><seclabel type='none'/></source></disk></devices>",
      "seclabel",
    ],
    [
      "a disk of a format to be guessed",
      "<devices><disk><source file='/a'/></disk></devices>",
      "must be given",
    ],
    [
      "a command line of QEMU",
      "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'/>",
      "extensions",
    ],
    [
      "a command line of QEMU by another prefix",
      "<commandline xmlns='http://libvirt.org/schemas/domain/qemu/1.0'/>",
      "extensions",
    ],
  ])("may not say: %s", (_, inside, why) => {
    expect(() => complete(`<domain>${inside}</domain>`)).toThrow(Refusal);
    expect(() => complete(`<domain>${inside}</domain>`)).toThrow(why);
  });

  it.each([
    ["no XML", "domain: db"],
    ["a network", "<network/>"],
    ["an entity", `<!DOCTYPE domain [<!ENTITY a SYSTEM "file:///etc/shadow">]><domain>&a;</domain>`],
  ])("is refused when it is %s", (_, source) => {
    expect(() => complete(source)).toThrow(Refusal);
  });
});
