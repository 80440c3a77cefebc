/**
 * One libvirt host of the bed: namespaces (network, mount, uts, pid, cgroup), its own libvirtd, real guests.
 *
 * Its pid 1 is its power: the kernel ends everything in the host with it, at once. `run/` is made anew at every boot, as
 * on a machine; `lib/` and `etc/` (definitions, saved guests) and `log/` are its disk.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { BedCgroups } from "./cgroup.ts";
import { GuestConsole } from "./console.ts";
import { domainXml, type GuestOptions } from "./domain-xml.ts";
import { libvirtdConf, qemuConf, withQemuAccount } from "./libvirt-config.ts";
import { type ExecOptions, enter, type HostProcess, startInit } from "./namespaces.ts";
import { commandOf, isAlive, parentOf, type QemuProcess, qemuProcess } from "./processes.ts";
import { type Ran, type RunOptions, run, until } from "./run.ts";
import type { Switch } from "./switch.ts";

/** Longest path that fits sockaddr_un, see unix(7). */
const SOCKET_PATH_MAX = 107;
export interface HostParts {
  readonly name: string;
  /** From 1. */
  readonly index: number;
  readonly dir: string;
  readonly image: string;
  readonly capabilities: string;
  readonly hostsFile: string;
  readonly cgroups: BedCgroups;
  readonly network: Switch;
  readonly milliCpu: number;
}

export class BedHost {
  readonly name: string;
  readonly ip: string;
  readonly uuid: string;
  /** Everything of this host that lives on a disk; the agent's own folder may be put here. */
  readonly dir: string;
  /** libvirtd's socket, reachable from everywhere on the machine. */
  readonly socket: string;
  readonly #parts: HostParts;
  #milliCpu: number;
  #init = 0;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.#milliCpu = parts.milliCpu;
    this.name = parts.name;
    this.dir = parts.dir;
    this.ip = parts.network.address(parts.index);
    this.uuid = `00000000-0000-4000-8000-${String(100 + parts.index).padStart(12, "0")}`;
    this.socket = `${parts.dir}/run/libvirt-sock`;
    const longest = this.#consolePath("x".repeat(24));
    if (longest.length > SOCKET_PATH_MAX) throw new Error(`path too long for a socket: ${longest}`);
  }

  /** Where a peer's libvirtd sends guests to, for a peer-to-peer migration. */
  get migrationUri(): string {
    return `qemu+tcp://${this.ip}/system`;
  }

  /** For clients on the machine, inside or outside of the bed. */
  get uri(): string {
    return `qemu+unix:///system?socket=${this.socket}`;
  }

  get isOn(): boolean {
    return this.#init !== 0 && isAlive(this.#init);
  }

  get milliCpu(): number {
    return this.#milliCpu;
  }

  /** Installs the host: network port, disk, configuration. Once, before the first `powerOn`. */
  async install(): Promise<void> {
    const { dir, network, index, cgroups } = this.#parts;
    const settings = { address: this.ip, hostUuid: this.uuid, cgroupControllers: cgroups.controllers };
    for (const part of ["lib/console", "log/console", "log/qemu", "cache", "etc/qemu"])
      mkdirSync(`${dir}/${part}`, { recursive: true });
    writeFileSync(`${dir}/etc/libvirtd.conf`, libvirtdConf(settings));
    writeFileSync(`${dir}/etc/qemu.conf`, qemuConf(settings));
    writeFileSync(`${dir}/etc/libvirt.conf`, "");
    writeFileSync(`${dir}/hosts`, this.#parts.hostsFile);
    for (const file of ["passwd", "group"] as const)
      writeFileSync(`${dir}/${file}`, withQemuAccount(file, readFileSync(`/etc/${file}`, "utf8")));
    await network.plug(this.name, index);
  }

  /** Boots the host; resolves when its libvirtd answers. */
  async powerOn(): Promise<void> {
    if (this.isOn) return;
    const { dir, capabilities, cgroups } = this.#parts;
    rmSync(`${dir}/run`, { recursive: true, force: true });
    mkdirSync(`${dir}/run`);
    if (existsSync(capabilities))
      cpSync(capabilities, `${dir}/cache`, { recursive: true, preserveTimestamps: true });
    cgroups.createHost(this.name, this.#milliCpu);
    this.#init = await this.#startInit();
    await this.#answers();
  }

  /** Power is gone: everything in the host ends at once. Peers see their connections closed; `cut` first for silence. */
  async powerOff(): Promise<void> {
    if (this.#init === 0) return;
    const gone = [this.#init, ...this.#parts.cgroups.pids(this.name)];
    if (this.isOn) process.kill(this.#init, "SIGKILL");
    await until(`${this.name} is off`, () => (gone.some(isAlive) ? undefined : true));
    this.#init = 0;
  }

  cut(): Promise<void> {
    return this.#parts.network.cut(this.name);
  }

  /** Undoes `cut`, `lose` and `deafen`. */
  heal(): Promise<void> {
    return this.#parts.network.heal(this.name);
  }

  /** Loses this percentage of the packets that come in. */
  lose(percent: number): Promise<void> {
    return this.#parts.network.lose(this.name, percent);
  }

  /** Hears nothing more from `other`. */
  deafen(other: BedHost): Promise<void> {
    return this.#parts.network.deafen(this.name, other.ip);
  }

  /** What all guests of the host may use together, in thousandths of a processor; kept over a power cycle. */
  setQuota(milliCpu: number): void {
    this.#milliCpu = milliCpu;
    this.#parts.cgroups.setQuota(this.name, milliCpu);
  }

  /** The independent witness of what libvirt says. Rejects on another exit code than 0, and at the deadline (10 s). */
  async virsh(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return (await this.virshResult(args, options)).stdout;
  }

  virshResult(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return run("virsh", ["-q", "-c", this.uri, ...args], { deadlineMs: 10_000, ...options });
  }

  /** The independent witness of what really runs: the QEMU processes with a guest, from /proc. */
  qemuProcesses(): QemuProcess[] {
    const found = this.#parts.cgroups.pids(this.name).map(qemuProcess);
    return found.filter((one) => one !== undefined).sort((a, b) => a.name.localeCompare(b.name));
  }

  /** Domain description of the bed's own guest kernel. */
  domainXml(options: GuestOptions): string {
    return domainXml(this.#parts.image, options);
  }

  /** Starts a guest (transient) and resolves when it has booted. */
  async startGuest(options: GuestOptions): Promise<GuestConsole> {
    const file = `${this.dir}/${options.name}.xml`;
    writeFileSync(file, this.domainXml(options));
    const runs = this.qemuProcesses().some(({ name }) => name === options.name);
    if (!runs) rmSync(this.#consoleLog(options.name), { force: true }); // what a former guest of that name said
    await this.virsh(["create", file], { deadlineMs: 30_000 });
    const console = this.console(options.name);
    await console.waitFor(/^READY /m);
    return console;
  }

  /** The console of the guest `name` while it is here. */
  console(name: string): GuestConsole {
    return new GuestConsole(this.#consolePath(name), this.#consoleLog(name));
  }

  /** libvirtd's pid, undefined when it does not run. */
  libvirtdPid(): number | undefined {
    const daemons = this.#parts.cgroups.pids(this.name).filter((pid) => commandOf(pid) === "libvirtd");
    return daemons.find((pid) => commandOf(parentOf(pid)) !== "libvirtd" && isAlive(pid));
  }

  /** kill -9; guests live on. */
  async killLibvirtd(): Promise<void> {
    const pid = this.#signalLibvirtd("SIGKILL");
    await until(`libvirtd of ${this.name} is gone`, () => (isAlive(pid) ? undefined : true));
  }

  /** It answers nobody until `contLibvirtd`. */
  stopLibvirtd(): void {
    this.#signalLibvirtd("SIGSTOP");
  }

  /**
   * Resolves when it answers. libvirt 9.0 dies now and then when it goes on (a segmentation fault of its own, in its main
   * thread): then it is started again, as systemd does on a real host.
   */
  async contLibvirtd(): Promise<void> {
    this.#signalLibvirtd("SIGCONT");
    try {
      await this.#answers();
    } catch (cause) {
      if (this.libvirtdPid() !== undefined) throw cause;
      console.warn(`libvirtd of ${this.name} died when it went on; it is started again`);
      await this.startLibvirtd();
    }
  }

  /** Resolves when it answers. */
  async startLibvirtd(): Promise<void> {
    rmSync(`${this.dir}/run/libvirtd.pid`, { force: true });
    const args = ["--daemon", "--listen", "--timeout", "0", "--pid-file", "/run/libvirt/libvirtd.pid"];
    const daemon = this.exec("libvirtd", args, { stdio: "ignore" });
    const { code } = await daemon.exited;
    if (code !== 0) throw new Error(`libvirtd of ${this.name} did not start: exit ${code}`);
    await this.#answers();
  }

  /**
   * Runs a process inside the host, free of the guests' quota: there /run/libvirt, /etc/libvirt, /var/lib/libvirt and
   * the network are the host's own, all other files the machine's.
   */
  exec(command: string, args: readonly string[] = [], options: ExecOptions = {}): HostProcess {
    if (!this.isOn) throw new Error(`${this.name} is off`);
    return enter(this.#init, this.#parts.cgroups.system(this.name), [command, ...args], options);
  }

  /** Runs a command inside the host to its end and resolves with its standard output; rejects when it fails. */
  async output(command: string, args: readonly string[] = []): Promise<string> {
    const { child, exited } = this.exec(command, args);
    let said = "";
    for await (const text of child.stdout?.setEncoding("utf8") ?? []) said += text;
    const { code } = await exited;
    if (code !== 0) throw new Error(`${command} on ${this.name}: exit ${code}`);
    return said;
  }

  async #answers(): Promise<void> {
    try {
      await this.virsh(["version"]);
    } catch (cause) {
      const log = readFileSync(`${this.dir}/log/libvirtd.log`, "utf8")
        .trim()
        .split("\n")
        .slice(-10)
        .join("\n");
      throw new Error(`libvirtd of ${this.name} does not answer; its log ends:\n${log}`, { cause });
    }
  }

  #startInit(): Promise<number> {
    const { cgroups, network, dir } = this.#parts;
    return startInit({
      host: this.name,
      dir,
      network: network.namespace(this.name),
      holderGroups: cgroups.holders(),
      rootGroups: cgroups.root(this.name),
      mounts: cgroups.mounts,
    });
  }

  #consolePath(name: string): string {
    return `${this.#parts.dir}/lib/console/${name}.sock`;
  }

  #consoleLog(name: string): string {
    return `${this.dir}/log/console/${name}.log`;
  }

  #signalLibvirtd(signal: NodeJS.Signals): number {
    const pid = this.libvirtdPid();
    if (pid === undefined) throw new Error(`libvirtd of ${this.name} does not run`);
    process.kill(pid, signal);
    return pid;
  }
}
