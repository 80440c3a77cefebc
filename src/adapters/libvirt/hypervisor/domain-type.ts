/**
 * Which kind of domain this host runs. libvirt offers `kvm` wherever QEMU opens /dev/kvm, but there are hosts where that
 * device exists and no guest gets anywhere (virtual machines whose hypervisor passes no hardware assistance on). On
 * x86 a processor that has the assistance says so (vmx, svm), and KVM without it is not to be relied on: `auto` asks for
 * both. Other architectures have no such flag, and libvirt's word is taken. Without it guests are interpreted.
 */
import { readFile } from "node:fs/promises";
import { type LibvirtClient, LibvirtError } from "../index.ts";
import type { LibvirtHypervisorConfig } from "./settings.ts";
import { child, parseXml, textOf } from "./xml.ts";

export interface Machine {
  readonly type: "kvm" | "qemu";
  readonly emulator: string;
  readonly arch: string;
  /** Why this type. */
  readonly reason: string;
}

/** Of the host where the daemon is: it listens on a Unix socket, so it is here. */
const CPU_INFO = "/proc/cpuinfo";

/** @throws LibvirtError when the daemon has no emulator of that type; as `LibvirtClient.call`; XmlError */
export async function probeMachine(
  client: Pick<LibvirtClient, "call">,
  wanted: NonNullable<LibvirtHypervisorConfig["domainType"]>,
  readCpuInfo: () => Promise<string> = () => readFile(CPU_INFO, "utf8"),
): Promise<Machine> {
  if (wanted !== "auto") return { ...(await capabilities(client, wanted)), reason: "configured" };
  try {
    const machine = await capabilities(client, "kvm");
    const without = /^(?:x86_64|i686)$/.test(machine.arch) && !/\b(?:vmx|svm)\b/.test(await readCpuInfo());
    if (!without) return { ...machine, reason: "KVM is usable" };
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error;
    return { ...(await capabilities(client, "qemu")), reason: `no KVM: ${error.message}` };
  }
  const reason = "KVM without the processor's assistance (neither vmx nor svm)";
  return { ...(await capabilities(client, "qemu")), reason };
}

async function capabilities(
  client: Pick<LibvirtClient, "call">,
  type: Machine["type"],
): Promise<Omit<Machine, "reason">> {
  const { capabilities: text } = await client.call("ConnectGetDomainCapabilities", { virttype: type });
  const root = parseXml(text);
  const value = (name: string): string => {
    const found = child(root, name);
    return found === undefined ? "" : textOf(found).trim();
  };
  return { type, emulator: value("path"), arch: value("arch") };
}
