/**
 * A bed: several libvirt hosts with real (interpreted) guests on one machine, for tests, demonstrations and soaks.
 *
 *     const bed = await Bed.create({ hosts: 3 });
 *     const guest = await bed.host("h1").startGuest({ name: "web" });
 *     await guest.send("burn 40");
 *     …
 *     await bed.close();
 *
 * Needs Linux, root, and the packages that scripts/install-libvirt installs. Several beds may live side by side: each
 * takes the lowest free slot, and with it a folder, a name prefix and an address range. A bed never outlives the
 * process that made it: see janitor.sh. Host statistics that libvirt reads from /proc and /sys (node CPU and memory) are
 * the machine's, so an agent in the bed has its capacity declared in its configuration.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { BedCgroups } from "./cgroup.ts";
import type { GuestConsole } from "./console.ts";
import { guestImage } from "./guest-image.ts";
import { BedHost } from "./host.ts";
import { run } from "./run.ts";
import { Switch } from "./switch.ts";
import { takeWitness, type Witnessed } from "./witness.ts";

const JANITOR = fileURLToPath(new URL("./janitor.sh", import.meta.url));
/** libvirt's answers about QEMU; it checks them itself against QEMU's version and asks again when they are stale. */
const CAPABILITIES = fileURLToPath(new URL("./.state/capabilities", import.meta.url));
const SLOTS = 100;
const LOCKED = 75;
/** One place per machine, so that slots are unique on it; short, since sockets lie below. */
const BEDS = "/var/lib/discovery-bed";

export interface BedOptions {
  /** How many, at most 200: h1, h2, … Default 3. */
  readonly hosts?: number;
  /** What the guests of one host may use together, in thousandths of a processor. Default 300. */
  readonly capacityMilliCpu?: number;
  /** Told about boots and ends, with timings. */
  readonly log?: (line: string) => void;
}

/** Where a guest is. */
export interface FoundGuest {
  readonly host: BedHost;
  readonly pid: number;
  readonly uuid: string;
  readonly console: GuestConsole;
}

interface Claim {
  readonly slot: number;
  readonly dir: string;
  readonly janitor: ChildProcess;
}

export class Bed {
  readonly dir: string;
  readonly slot: number;
  readonly hosts: readonly BedHost[];
  readonly network: Switch;
  readonly #janitor: ChildProcess;
  readonly #janitorExit: Promise<void>;
  readonly #log: (line: string) => void;

  private constructor(claim: Claim, network: Switch, hosts: readonly BedHost[], log: (line: string) => void) {
    this.dir = claim.dir;
    this.slot = claim.slot;
    this.network = network;
    this.hosts = hosts;
    this.#janitor = claim.janitor;
    this.#janitorExit = new Promise((resolve) => claim.janitor.once("exit", () => resolve()));
    this.#log = log;
  }

  /** Removes what dead beds have left, then boots a new one. Rejects when a host does not come up; nothing is left then. */
  static async create(options: BedOptions = {}): Promise<Bed> {
    const log = options.log ?? (() => {});
    const began = performance.now();
    await prepareMachine();
    await Bed.sweep();
    const claim = await claimSlot();
    const bed = await Bed.#assemble(claim, options, log);
    try {
      await bed.#boot();
    } catch (cause) {
      await bed.close();
      throw cause;
    }
    log(`bed ${bed.slot}: ${bed.hosts.length} hosts up in ${since(began)} ms`);
    return bed;
  }

  /** Removes everything that beds whose makers are dead have left on this machine. */
  static async sweep(): Promise<void> {
    if (!existsSync(BEDS)) return;
    const slots = readdirSync(BEDS)
      .filter((name) => /^\d+\.lock$/.test(name))
      .map((name) => Number.parseInt(name, 10));
    for (const slot of slots) await sweepSlot(slot);
  }

  host(name: string): BedHost {
    const found = this.hosts.find((host) => host.name === name);
    if (found === undefined) throw new Error(`the bed has no host ${name}`);
    return found;
  }

  /** Where the guest runs now; undefined when nowhere. While it migrates there are two processes: the one that runs. */
  async findGuest(name: string): Promise<FoundGuest | undefined> {
    const candidates = this.hosts.flatMap((host) =>
      host
        .qemuProcesses()
        .filter((one) => one.name === name)
        .map(({ pid, uuid }) => ({ host, pid, uuid })),
    );
    for (const { host, pid, uuid } of candidates) {
      const found = { host, pid, uuid, console: host.console(name) };
      if (candidates.length === 1) return found;
      const { stdout } = await host.virshResult(["domstate", name], { anyCode: true });
      if (stdout.trim() === "running") return found;
    }
    return undefined;
  }

  /** Sends a console command to the guest wherever it is; resolves with its answer. */
  async tell(name: string, command: string): Promise<string> {
    const found = await this.findGuest(name);
    if (found === undefined) throw new Error(`guest ${name} runs nowhere in the bed`);
    return found.console.send(command);
  }

  /** What runs where, by libvirt and by /proc. */
  witness(): Promise<Witnessed> {
    return takeWitness(this.hosts);
  }

  /** Ends and removes everything. */
  async close(): Promise<void> {
    const began = performance.now();
    this.#janitor.ref();
    this.#janitor.stdin?.end();
    await this.#janitorExit;
    if (existsSync(this.dir)) await sweepSlot(this.slot);
    this.#log(`bed ${this.slot}: down in ${since(began)} ms`);
  }

  static async #assemble(claim: Claim, options: BedOptions, log: (line: string) => void): Promise<Bed> {
    const prefix = prefixOf(claim.slot);
    const network = new Switch(prefix, claim.slot);
    const cgroups = new BedCgroups(prefix);
    const image = await guestImage();
    const indexes = Array.from({ length: options.hosts ?? 3 }, (_, i) => i + 1);
    const hostsFile = ["127.0.0.1 localhost", ...indexes.map((i) => `${network.address(i)} h${i}`), ""].join(
      "\n",
    );
    cgroups.createHolders();
    const hosts = indexes.map((index) => {
      const dir = `${claim.dir}/h${index}`;
      const milliCpu = options.capacityMilliCpu ?? 300;
      const parts = { name: `h${index}`, index, dir, image, hostsFile, cgroups, network, milliCpu };
      return new BedHost({ ...parts, capabilities: CAPABILITIES });
    });
    return new Bed(claim, network, hosts, log);
  }

  async #boot(): Promise<void> {
    await this.network.create();
    const [first, ...others] = this.hosts;
    await first?.install();
    if (!existsSync(CAPABILITIES)) await this.#bootFirstEver();
    await Promise.all(others.map((host) => host.install()));
    await Promise.all(this.hosts.filter((host) => !host.isOn).map((host) => this.#bootHost(host)));
  }

  async #bootHost(host: BedHost): Promise<void> {
    const began = performance.now();
    await host.powerOn();
    this.#log(`${host.name}: up in ${since(began)} ms`);
  }

  /** The first host of all probes QEMU; what it learns is kept for every host and bed to come. */
  async #bootFirstEver(): Promise<void> {
    const first = this.hosts[0];
    if (first === undefined) return;
    await this.#bootHost(first);
    await first.virsh(["domcapabilities", "--virttype", "qemu"], { deadlineMs: 120_000 });
    const draft = `${CAPABILITIES}.${process.pid}`;
    cpSync(`${first.dir}/cache`, draft, { recursive: true, preserveTimestamps: true });
    try {
      renameSync(draft, CAPABILITIES);
    } catch {
      rmSync(draft, { recursive: true }); // another bed was first
    }
  }
}

const since = (began: number) => Math.round(performance.now() - began);
const prefixOf = (slot: number) => `dbed${slot}`;
const janitorCall = (slot: number) => [JANITOR, `${BEDS}/${slot}.lock`, `${BEDS}/${slot}`, prefixOf(slot)];

/** Why no bed can be made here, as a sentence; undefined when one can. Missing packages are an error, not a reason. */
export function whyNoBed(): string | undefined {
  if (process.platform !== "linux") return "a bed needs Linux (namespaces, cgroups)";
  if (process.getuid?.() !== 0) return "a bed needs root (namespaces, cgroups)";
  return undefined;
}

/** Leaves a living bed alone. */
async function sweepSlot(slot: number): Promise<void> {
  const { code, stderr } = await run("sh", [...janitorCall(slot), "sweep"], { anyCode: true });
  if (code !== 0 && code !== LOCKED) throw new Error(`bed ${slot} could not be removed: ${stderr}`);
}

async function prepareMachine(): Promise<void> {
  const reason = whyNoBed();
  if (reason !== undefined) throw new Error(reason);
  for (const tool of [
    "libvirtd",
    "virsh",
    "qemu-system-x86_64",
    "ip",
    "iptables",
    "nsenter",
    "setpriv",
    "flock",
  ]) {
    const { code } = await run("which", [tool], { anyCode: true });
    if (code !== 0) throw new Error(`${tool} is missing: run scripts/install-libvirt`);
  }
  const mountPoints = [
    "/run/libvirt",
    "/etc/libvirt",
    ...["lib", "log", "cache"].map((part) => `/var/${part}/libvirt`),
  ];
  for (const path of [BEDS, ...mountPoints]) mkdirSync(path, { recursive: true });
}

/** Starts the janitor of the lowest free slot: who holds the slot's lock has the slot. */
async function claimSlot(): Promise<Claim> {
  for (let slot = 0; slot < SLOTS; slot++) {
    const janitor = spawn("sh", janitorCall(slot), {
      detached: true,
      stdio: ["pipe", "pipe", "ignore"],
    });
    const held = await new Promise<boolean>((resolve) => {
      janitor.stdout.once("data", () => resolve(true));
      janitor.once("exit", () => resolve(false));
    });
    if (!held) continue;
    janitor.stdout.destroy();
    janitor.unref();
    (janitor.stdin as unknown as { unref(): void }).unref();
    mkdirSync(`${BEDS}/${slot}`);
    return { slot, dir: `${BEDS}/${slot}`, janitor };
  }
  throw new Error(`all ${SLOTS} beds of this machine are taken`);
}
