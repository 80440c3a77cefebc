/**
 * The network of a bed: one bridge in a network namespace of its own, one port and one namespace per host. Nothing of
 * it is seen from the machine's own namespace; every bed has its own /24, only so that logs of two beds tell apart.
 */
import { run } from "./run.ts";

export class Switch {
  readonly #prefix: string;
  readonly #subnet: string;

  /** `prefix` starts the names of all namespaces; `slot` is the third number of the addresses. */
  constructor(prefix: string, slot: number) {
    this.#prefix = prefix;
    this.#subnet = `10.77.${slot}`;
  }

  async create(): Promise<void> {
    await run("ip", ["netns", "add", `${this.#prefix}-sw`]);
    await this.#ip(
      "sw",
      `link add br0 type bridge\nlink set br0 up\naddr add ${this.#subnet}.1/24 dev br0\n`,
    );
  }

  address(index: number): string {
    return `${this.#subnet}.${10 + index}`;
  }

  namespace(host: string): string {
    return `/run/netns/${this.#prefix}-${host}`;
  }

  /** Gives a host its namespace, its address and its port. */
  async plug(host: string, index: number): Promise<void> {
    const netns = `${this.#prefix}-${host}`;
    await run("ip", ["netns", "add", netns]);
    await this.#ip(
      "sw",
      `link add p-${host} type veth peer name eth0 netns ${netns}\nlink set p-${host} master br0 up\n`,
    );
    await this.#ip(
      host,
      `link set lo up\naddr add ${this.address(index)}/24 dev eth0\nlink set eth0 up\nroute add default via ${this.#subnet}.1\n`,
    );
  }

  /** The cable is out: packets vanish, nobody is told. */
  async cut(host: string): Promise<void> {
    await this.#ip("sw", `link set p-${host} down\n`);
  }

  /** The cable is in, and no loss nor block is left. */
  async heal(host: string): Promise<void> {
    await this.#ip("sw", `link set p-${host} up\n`);
    await this.#iptables(host, ["-F", "INPUT"]);
  }

  /** `host` no longer hears `address` (which still hears it: call it on both sides for a two-way split). */
  async deafen(host: string, address: string): Promise<void> {
    await this.#iptables(host, ["-A", "INPUT", "-s", address, "-j", "DROP"]);
  }

  /** `host` loses this many percent (0 to 100) of what it should receive from other hosts, drawn at random. */
  async lose(host: string, percent: number): Promise<void> {
    const chance = ["-m", "statistic", "--mode", "random", "--probability", String(percent / 100)];
    await this.#iptables(host, ["-A", "INPUT", "-i", "eth0", ...chance, "-j", "DROP"]);
  }

  async #ip(host: string, commands: string): Promise<void> {
    await run("ip", ["-netns", `${this.#prefix}-${host}`, "-batch", "-"], { input: commands });
  }

  async #iptables(host: string, rule: readonly string[]): Promise<void> {
    await run("nsenter", [`--net=${this.namespace(host)}`, "iptables", "-w", ...rule]);
  }
}
