import { describe, expect, it } from "vitest";
import { probeMachine } from "../../../../src/adapters/libvirt/hypervisor/domain-type.ts";
import { CallError, LibvirtError } from "../../../../src/adapters/libvirt/index.ts";

type Client = Parameters<typeof probeMachine>[0];

function daemon(types: readonly string[], arch = "x86_64"): Client {
  const call = async (name: string, { virttype }: { virttype?: string }) => {
    if (!types.includes(virttype ?? "")) throw refusal(name);
    const capabilities = `<domainCapabilities><path>/usr/bin/qemu</path><domain>${virttype}</domain><arch>${arch}</arch></domainCapabilities>`;
    return { capabilities };
  };
  return { call } as unknown as Client;
}

const refusal = (procedure: string) =>
  new LibvirtError(procedure, {
    code: 8,
    domain: 10,
    message: "the virttype 'kvm' is not supported",
    level: 2,
    dom: null,
    str1: null,
    str2: null,
    str3: null,
    int1: 0,
    int2: 0,
    net: null,
  } as never);

const assisted = async () => "flags\t\t: fpu vme vmx sse2\n";
const unassisted = async () => "flags\t\t: fpu vme svml_not sse2\n";
const unread = () => Promise.reject(new Error("read for nothing"));

describe("the type of this host's domains", () => {
  it("is KVM where libvirt offers it and the processor assists it", async () => {
    expect(await probeMachine(daemon(["kvm", "qemu"]), "auto", assisted)).toMatchObject({
      type: "kvm",
      emulator: "/usr/bin/qemu",
      arch: "x86_64",
    });
  });

  it("is not KVM where the processor does not assist it, whatever libvirt offers", async () => {
    expect(await probeMachine(daemon(["kvm", "qemu"]), "auto", unassisted)).toMatchObject({ type: "qemu" });
  });

  it("is not KVM where libvirt does not offer it", async () => {
    const machine = await probeMachine(daemon(["qemu"]), "auto", unread);
    expect(machine).toMatchObject({ type: "qemu" });
    expect(machine.reason).toContain("not supported");
  });

  it("is libvirt's word on other architectures", async () => {
    expect(await probeMachine(daemon(["kvm", "qemu"], "aarch64"), "auto", unread)).toMatchObject({
      type: "kvm",
    });
  });

  it("is what the configuration says, and then an error when there is none", async () => {
    expect(await probeMachine(daemon(["kvm"]), "kvm", unread)).toMatchObject({
      type: "kvm",
      reason: "configured",
    });
    expect(await probeMachine(daemon(["kvm", "qemu"]), "qemu", unread)).toMatchObject({ type: "qemu" });
    await expect(probeMachine(daemon(["qemu"]), "kvm", unread)).rejects.toThrow(LibvirtError);
  });

  it("is not guessed when the daemon does not answer", async () => {
    const call = () => Promise.reject(new CallError("ConnectGetDomainCapabilities", "deadline", "unknown"));
    await expect(probeMachine({ call } as Client, "auto", assisted)).rejects.toThrow(CallError);
  });
});
