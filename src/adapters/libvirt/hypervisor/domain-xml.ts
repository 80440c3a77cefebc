/** The domain description of a VM's short fields. Format: libvirt's "Domain XML format" page. */
import type { Stamp, VmSpec } from "../../../model/virtual-machine.ts";
import type { Machine } from "./domain-type.ts";
import { stampElement } from "./stamp.ts";
import { element, writeXml, type XmlElement } from "./xml.ts";

/** Where libvirt keeps what QEMU of its guests says; a guest's serial console is logged beside it. */
const LOGS = "/var/log/libvirt/qemu";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** @throws RangeError, XmlError when a field cannot be written. */
export function domainXml(spec: VmSpec, stamp: Stamp, machine: Machine): string {
  return writeXml(
    element(
      "domain",
      { type: machine.type },
      element("name", {}, spec.name),
      element("uuid", {}, spec.id),
      element("metadata", {}, stampElement(stamp)),
      element("memory", { unit: "MiB" }, String(spec.memory)),
      element("vcpu", {}, String(spec.cpus)),
      os(spec, machine),
      element("features", {}, element("acpi")),
      ...(machine.type === "kvm" ? [element("cpu", { mode: "host-model" })] : []),
      element("clock", { offset: "utc" }),
      // The agent restarts guests: libvirt must not.
      element("on_poweroff", {}, "destroy"),
      element("on_reboot", {}, "restart"),
      element("on_crash", {}, "destroy"),
      devices(spec, machine),
    ),
  );
}

function os({ boot, disks }: VmSpec, { arch }: Machine): XmlElement {
  const type = element("type", arch === "" ? {} : { arch }, "hvm");
  if (boot === undefined)
    return element("os", {}, type, ...(disks.length > 0 ? [element("boot", { dev: "hd" })] : []));
  const { kernel, initrd, cmdline } = boot;
  return element(
    "os",
    {},
    type,
    element("kernel", {}, kernel),
    ...(initrd === undefined ? [] : [element("initrd", {}, initrd)]),
    ...(cmdline === undefined ? [] : [element("cmdline", {}, cmdline)]),
  );
}

function devices({ name, disks, nics }: VmSpec, { emulator, arch }: Machine): XmlElement {
  const x86 = arch === "x86_64" || arch === "i686";
  return element(
    "devices",
    {},
    ...(emulator === "" ? [] : [element("emulator", {}, emulator)]),
    ...disks.map(disk),
    ...nics.map(nic),
    element("controller", { type: "usb", model: "none" }),
    element("serial", { type: "pty" }, element("log", { file: `${LOGS}/${name}.console.log`, append: "on" })),
    element("memballoon", { model: "virtio" }),
    ...(x86 ? [element("panic", { model: "isa" })] : []),
  );
}

/** Without the host's cache: a guest with another kind is not safe to migrate. */
function disk({ path, format, readOnly }: VmSpec["disks"][number], index: number): XmlElement {
  return element(
    "disk",
    { type: "file", device: "disk" },
    element("driver", { name: "qemu", type: format, cache: "none" }),
    element("source", { file: path }),
    element("target", { dev: `vd${diskName(index)}`, bus: "virtio" }),
    ...(readOnly ? [element("readonly")] : []),
  );
}

/** a, b, … z, aa, ab, … */
function diskName(index: number): string {
  const head = Math.floor(index / LETTERS.length);
  return `${head > 0 ? diskName(head - 1) : ""}${LETTERS[index % LETTERS.length]}`;
}

function nic({ network, mac }: VmSpec["nics"][number]): XmlElement {
  return element(
    "interface",
    { type: "network" },
    ...(mac === undefined ? [] : [element("mac", { address: mac })]),
    element("source", { network }),
    element("model", { type: "virtio" }),
  );
}
