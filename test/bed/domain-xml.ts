/** Domain descriptions for the bed's hosts. Format: libvirt's "Domain XML format" page. */
import { createHash } from "node:crypto";

export interface GuestOptions {
  readonly name: string;
  /** Default: drawn from the name, so that the same name is the same guest everywhere. */
  readonly uuid?: string;
  /** Default 16, the least that the guest boots in. */
  readonly memoryMib?: number;
  readonly vcpus?: number;
  /** What libvirt does when the guest reports a panic. Default destroy. */
  readonly onCrash?: "destroy" | "restart" | "preserve";
}

/** A uuid of version 3 form that depends on `name` alone. */
export function uuidOf(name: string): string {
  const hex = createHash("sha256").update(name).digest("hex");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `3${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

/**
 * The devices that the bed's console needs, for a domain description of another make. The paths are per host: with
 * one shared path, the source of a migration unlinks the socket that the destination has just bound.
 */
export function consoleXml(name: string): string {
  return `<serial type='unix'>
      <source mode='bind' path='/var/lib/libvirt/console/${name}.sock'/>
      <log file='/var/log/libvirt/console/${name}.log' append='on'/>
    </serial>`;
}

/** A domain that boots `image` (a path that the hosts see), interpreted: it needs no hardware assistance. */
export function domainXml(image: string, options: GuestOptions): string {
  const { name, uuid = uuidOf(name), memoryMib = 16, vcpus = 1, onCrash = "destroy" } = options;
  return `<domain type='qemu'>
  <name>${name}</name>
  <uuid>${uuid}</uuid>
  <memory unit='MiB'>${memoryMib}</memory>
  <vcpu>${vcpus}</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><kernel>${image}</kernel></os>
  <features><acpi/><tcg><tb-cache unit='MiB'>8</tb-cache></tcg></features>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>${onCrash}</on_crash>
  <devices>
    <controller type='usb' model='none'/>
    ${consoleXml(name)}
    <memballoon model='none'/>
    <panic model='isa'/>
  </devices>
</domain>
`;
}
