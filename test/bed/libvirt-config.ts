/** The configuration files of a host's libvirtd. Source: the commented files that libvirt installs in /etc/libvirt. */
export interface LibvirtSettings {
  readonly address: string;
  readonly hostUuid: string;
  readonly cgroupControllers: readonly string[];
}

const KEEPALIVE = "keepalive_interval = 5\nkeepalive_count = 3\n";

/** libvirtd.conf: open to the machine's root through the socket, and to the bed's other hosts through TCP. */
export function libvirtdConf({ address, hostUuid }: LibvirtSettings): string {
  return `listen_tls = 0
listen_tcp = 1
listen_addr = "${address}"
auth_tcp = "none"
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_rw_perms = "0700"
host_uuid = "${hostUuid}"
log_level = 3
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
${KEEPALIVE}`;
}

/** qemu.conf: no security driver nor mount namespaces, which the bed's own namespaces would fight. */
export function qemuConf({ address, cgroupControllers }: LibvirtSettings): string {
  return `security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
namespaces = [ ]
seccomp_sandbox = 0
cgroup_controllers = [ ${cgroupControllers.map((name) => `"${name}"`).join(", ")} ]
stdio_handler = "file"
migration_address = "${address}"
migration_host = "${address}"
${KEEPALIVE}`;
}

/**
 * Completes a passwd or group file by the account that Debian's libvirtd looks up when it starts, whatever qemu.conf
 * says. The package that makes it (libvirt-daemon-system) would bring systemd along.
 */
export function withQemuAccount(file: "passwd" | "group", text: string): string {
  if (/^libvirt-qemu:/m.test(text)) return text;
  const id = 64055; // as Debian's base-passwd reserves it
  const line =
    file === "group" ? `libvirt-qemu:x:${id}:` : `libvirt-qemu:x:${id}:${id}::/nonexistent:/usr/sbin/nologin`;
  return `${text.trimEnd()}\n${line}\n`;
}
