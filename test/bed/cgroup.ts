/**
 * The cgroups of a bed, on either version:
 *
 *     <hierarchy>/<bed>/holders           the processes outside that hold the hosts (see host.ts)
 *     <hierarchy>/<bed>/<host>            the root as the host sees it (cgroup namespace)
 *     <hierarchy>/<bed>/<host>/system     its pid 1, libvirtd, the agent: no limit
 *     <hierarchy>/<bed>/<host>/machine    where libvirt puts guests (its default partition): the host's capacity
 *
 * So a guest that burns cannot starve the daemons that have to move it away. The period is one second, the longest that
 * the kernel takes: a guest may use its second's worth in one piece, and is held only when a whole second is too much.
 * Version 1 is exercised; version 2 is written from the kernel's documentation (cgroup-v2.rst) and has not been run.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { pidsBelow } from "./processes.ts";

/** One mounted cgroup hierarchy: a v1 controller group ("cpu", "cpuacct", or both) or the v2 tree. */
interface Hierarchy {
  readonly mount: string;
  readonly controllers: readonly string[];
  readonly version: 1 | 2;
}

const WANTED = ["cpu", "cpuacct"];
export const PERIOD_US = 1_000_000;

function hierarchies(): Hierarchy[] {
  const lines = readFileSync("/proc/mounts", "utf8").split("\n");
  const found: Hierarchy[] = [];
  for (const line of lines) {
    const [, mount = "", type, options = ""] = line.split(" ");
    const controllers = options.split(",").filter((option) => WANTED.includes(option));
    if (type === "cgroup" && controllers.length > 0) found.push({ mount, controllers, version: 1 });
    if (type === "cgroup2" && v2HasCpu(mount)) found.push({ mount, controllers: ["cpu"], version: 2 });
  }
  return found.filter(({ mount }, i) => found.findIndex((other) => other.mount === mount) === i);
}

function v2HasCpu(mount: string): boolean {
  const path = `${mount}/cgroup.controllers`;
  return existsSync(path) && readFileSync(path, "utf8").split(/\s/).includes("cpu");
}

/** The cgroups of one bed. */
export class BedCgroups {
  readonly version: 1 | 2;
  readonly #bed: string;
  readonly #hierarchies: readonly Hierarchy[];

  constructor(bed: string) {
    this.#bed = bed;
    this.#hierarchies = hierarchies();
    const cpu = this.#hierarchies.find(({ controllers }) => controllers.includes("cpu"));
    if (cpu === undefined) throw new Error("no cgroup hierarchy with the cpu controller is mounted");
    this.version = cpu.version;
  }

  /** Mount specifications for the inside of a host, "name:type:options", for `host-init.sh`. */
  get mounts(): string[] {
    if (this.version === 2) return [".:cgroup2:rw"];
    return this.#hierarchies.map(({ controllers }) => {
      const name = controllers.join(",");
      return `${name}:cgroup:${name}`;
    });
  }

  /** libvirt's list of controllers to use (on version 2 it maps cpuacct to the cpu controller). */
  get controllers(): readonly string[] {
    return this.version === 2 ? WANTED : this.#hierarchies.flatMap(({ controllers }) => controllers);
  }

  /** `cgroup.procs` files that a process writes itself into to be a holder. */
  holders(): string[] {
    return this.#paths("holders").map((path) => `${path}/cgroup.procs`);
  }

  /** The same for a host's root, which only its pid 1 passes through on its way to `system`. */
  root(host: string): string[] {
    return this.#paths(host).map((path) => `${path}/cgroup.procs`);
  }

  /** The same for a host's unlimited part. */
  system(host: string): string[] {
    return this.#paths(`${host}/system`).map((path) => `${path}/cgroup.procs`);
  }

  createHolders(): void {
    for (const path of this.#paths("holders")) mkdirSync(path, { recursive: true });
    for (const path of this.#paths("")) this.#delegate(path);
  }

  /** Makes a host's groups anew, as at a boot: what a former life left is removed. */
  createHost(host: string, milliCpu: number): void {
    for (const path of this.#paths(host)) {
      removeTree(path);
      for (const part of ["system", "machine"]) mkdirSync(`${path}/${part}`, { recursive: true });
      this.#delegate(path);
    }
    this.setQuota(host, milliCpu);
  }

  /** How much CPU a host's guests may use together, in thousandths of a processor. */
  setQuota(host: string, milliCpu: number): void {
    const machine = `${this.#cpuTree}/${host}/machine`;
    const quotaUs = Math.round((milliCpu * PERIOD_US) / 1000);
    if (this.version === 2) {
      writeFileSync(`${machine}/cpu.max`, `${quotaUs} ${PERIOD_US}`);
      return;
    }
    writeFileSync(`${machine}/cpu.cfs_quota_us`, "-1");
    writeFileSync(`${machine}/cpu.cfs_period_us`, String(PERIOD_US));
    writeFileSync(`${machine}/cpu.cfs_quota_us`, String(quotaUs));
  }

  /** All processes of a host, as the machine numbers them. Version 1 lists one twice when its threads are spread. */
  pids(host: string): number[] {
    return [...new Set(pidsBelow(`${this.#cpuTree}/${host}`))];
  }

  get #cpuTree(): string {
    const cpu = this.#hierarchies.find(({ controllers }) => controllers.includes("cpu"));
    return `${cpu?.mount}/${this.#bed}`;
  }

  #paths(below: string): string[] {
    return this.#hierarchies.map(({ mount }) => `${mount}/${this.#bed}${below === "" ? "" : `/${below}`}`);
  }

  /** Version 2 only: lets the children of `path` (and `path` itself) have the cpu controller. */
  #delegate(path: string): void {
    if (this.version === 1) return;
    const mount = this.#hierarchies[0]?.mount ?? "";
    for (const group of [mount, `${mount}/${this.#bed}`, path])
      writeFileSync(`${group}/cgroup.subtree_control`, "+cpu");
  }
}

function removeTree(path: string): void {
  if (!existsSync(path)) return;
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(`${path}/${entry.name}`);
  rmdirSync(path);
}
