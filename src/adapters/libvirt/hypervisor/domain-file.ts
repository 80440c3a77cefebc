/**
 * A domain description that somebody wrote by hand (`domain.fromFile`): checked, and completed by what is ours (id,
 * name, stamp). What would fight with us or break out of the guest is refused by name; what the scheduler counts must
 * agree with the description.
 */
import type { Stamp, VmSpec } from "../../../model/virtual-machine.ts";
import { Refusal } from "./failures.ts";
import { STAMP_NAMESPACE, stampElement } from "./stamp.ts";
import { child, element, elementsOf, parseXml, textOf, writeXml, type XmlElement, XmlError } from "./xml.ts";

/** libvirt's default unit of memory is KiB. */
const UNITS_IN_BYTES: ReadonlyMap<string, number> = new Map([
  ["b", 1],
  ["bytes", 1],
  ["KB", 1e3],
  ["k", 2 ** 10],
  ["KiB", 2 ** 10],
  ["MB", 1e6],
  ["M", 2 ** 20],
  ["MiB", 2 ** 20],
  ["GB", 1e9],
  ["G", 2 ** 30],
  ["GiB", 2 ** 30],
]);
const MIB = 2 ** 20;

/** Elements that are refused wherever they are, and why. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ["lease", "leases are not managed"],
  ["hostdev", "a host's device cannot move with the guest"],
  ["filesystem", "a host's folder cannot move with the guest"],
]);

/** @throws Refusal `invalid`, which names what is wrong */
export function completeDomainXml(spec: VmSpec, source: string, stamp: Stamp, type: string): string {
  try {
    const root = parseXml(source);
    if (root.name !== "domain") refuse(`a <${root.name}> is no <domain>`);
    check(root, "domain");
    checkEnds(root);
    checkSizes(root, spec);
    return writeXml(completed(root, spec, stamp, type));
  } catch (error) {
    if (error instanceof XmlError) refuse(error.message);
    throw error;
  }
}

function refuse(message: string): never {
  throw new Refusal("invalid", `the domain description is refused: ${message}`);
}

function check(parent: XmlElement, path: string): void {
  for (const one of elementsOf(parent)) {
    const here = `${path}/${one.name}`;
    if (here === "domain/metadata") continue;
    const why = REFUSED.get(one.name);
    if (why !== undefined) refuse(`${here}: ${why}`);
    if (one.name.includes(":") || [...one.attributes.keys()].some((name) => /^xmlns(:|$)/.test(name)))
      refuse(`${here}: extensions of libvirt's format (command lines of QEMU among them) are not allowed`);
    if (one.name === "seclabel" && one.attributes.get("type") === "none") refuse(`${here}: type none`);
    if (one.name === "interface" && one.attributes.get("type") === "hostdev")
      refuse(`${here}: a host's device cannot move with the guest`);
    if (one.name === "disk") checkDisk(one, here);
    check(one, here);
  }
}

/** A probed format lets a guest write itself another one, with a backing file of its choice. */
function checkDisk(disk: XmlElement, path: string): void {
  const empty = child(disk, "source") === undefined;
  if (!empty && child(disk, "driver")?.attributes.get("type") === undefined)
    refuse(`${path}: its driver's type (raw, qcow2) must be given`);
}

/** The agent decides what happens when a guest ends. */
function checkEnds(root: XmlElement): void {
  for (const name of ["on_poweroff", "on_crash", "on_lockfailure"]) {
    for (const one of elementsOf(root, name)) {
      const action = textOf(one).trim();
      if (/restart/.test(action) || (name === "on_lockfailure" && action === "ignore"))
        refuse(`domain/${name}: ${action}`);
    }
  }
}

function checkSizes(root: XmlElement, { cpus, memory }: VmSpec): void {
  const vcpu = child(root, "vcpu");
  if (vcpu !== undefined && Number(textOf(vcpu).trim()) !== cpus) refuse(`domain/vcpu is not ${cpus}`);
  const size = child(root, "memory");
  if (size === undefined) return;
  const unit = UNITS_IN_BYTES.get(size.attributes.get("unit") ?? "KiB") ?? Number.NaN;
  if (Number(textOf(size).trim()) * unit !== memory * MIB) refuse(`domain/memory is not ${memory} MiB`);
}

function completed(root: XmlElement, spec: VmSpec, stamp: Stamp, type: string): XmlElement {
  const given = (name: string): readonly XmlElement[] => elementsOf(root, name).slice(0, 1);
  const foreign = given("metadata")
    .flatMap((one) => elementsOf(one))
    .filter((one) => !isOurs(one));
  const ours = new Set(["name", "uuid", "metadata", "memory", "vcpu", "on_crash", "on_poweroff"]);
  const rest = elementsOf(root).filter(({ name }) => !ours.has(name));
  const sizes = [
    ...(given("memory").length > 0
      ? given("memory")
      : [element("memory", { unit: "MiB" }, String(spec.memory))]),
    ...(given("vcpu").length > 0 ? given("vcpu") : [element("vcpu", {}, String(spec.cpus))]),
  ];
  const attributes = new Map([["type", type], ...root.attributes]);
  attributes.delete("id");
  const children = [
    element("name", {}, spec.name),
    element("uuid", {}, spec.id),
    element("metadata", {}, ...foreign, stampElement(stamp)),
    ...sizes,
    element("on_poweroff", {}, "destroy"),
    ...(given("on_crash").length > 0 ? given("on_crash") : [element("on_crash", {}, "destroy")]),
    ...rest,
  ];
  return { name: "domain", attributes, children };
}

const isOurs = ({ attributes }: XmlElement): boolean => [...attributes.values()].includes(STAMP_NAMESPACE);
