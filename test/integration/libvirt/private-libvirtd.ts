/**
 * A libvirtd of the test's own: real daemon, own mount and pid namespaces, own configuration, state and socket, all in
 * one temporary folder; the machine's libvirt is neither used nor touched.
 *
 * Process 1 of the namespace is a shell that takes orders on its standard input. When the test dies in whatever
 * way, that input ends; the shell removes the folder and leaves, and the kernel ends everything else in there.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { withQemuAccount } from "../../bed/libvirt-config.ts";

const LIBVIRTD = "/usr/sbin/libvirtd";
const QEMU = "/usr/bin/qemu-system-x86_64";
const START_TIMEOUT_MS = 20_000;

/** Why the tests that need a libvirtd cannot run here; undefined: they can. */
export function whyNoLibvirtd(): string | undefined {
  if (!existsSync(LIBVIRTD)) return `libvirtd is not installed (${LIBVIRTD})`;
  return undefined;
}

/** Why the tests that need guests of QEMU cannot run here; undefined: they can. */
export function whyNoQemu(): string | undefined {
  if (!existsSync(QEMU)) return `QEMU is not installed (${QEMU})`;
  return whyNoLibvirtd();
}

const CONFIG = `
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_rw_perms = "0700"
log_level = 3
`;

/** Guests as root, with no confinement that would need more of the machine than this folder. */
const QEMU_CONFIG = `
security_driver = "none"
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
seccomp_sandbox = 0
stdio_handler = "file"
`;

const SHELL = `
set -e
trap 'rm -rf "$DIR"' EXIT
hostname "$NAME"
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/libvirt /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt
mount --bind "$DIR/run" /run/libvirt
mount --bind "$DIR/etc" /etc/libvirt
for file in passwd group; do mount --bind "$DIR/$file" "/etc/$file"; done
mount --bind "$DIR/lib" /var/lib/libvirt
mount --bind "$DIR/log" /var/log/libvirt
mount --bind "$DIR/cache" /var/cache/libvirt
set +e
exec 2>/dev/null # where bash tells that the daemon was killed
daemon=0
while read -r order; do
  case $order in
    start)
      rm -f "$DIR"/run/*.pid "$DIR"/run/libvirt-sock*
      ${LIBVIRTD} --timeout 0 </dev/null >>"$DIR/log/out" 2>&1 &
      daemon=$!
      ;;
    stop) kill -STOP $daemon ;;
    continue) kill -CONT $daemon ;;
    kill) kill -KILL $daemon; wait $daemon ;;
    "stop-guest "*) kill -STOP $(cat "$DIR/run/qemu/\${order#stop-guest }.pid") ;;
    "continue-guest "*) kill -CONT $(cat "$DIR/run/qemu/\${order#continue-guest }.pid") ;;
  esac
  echo "$order"
done
`;

export interface PrivateOptions {
  /** Added to its libvirtd.conf. */
  readonly config?: string;
  /** What `virsh` opens; the default is libvirt's test hypervisor. */
  readonly hypervisor?: "test:///default" | "qemu:///system";
  /** The host name it sees; two that migrate to each other need two. */
  readonly name?: string;
}

type Order = "start" | "stop" | "continue" | "kill" | `stop-guest ${string}` | `continue-guest ${string}`;

export class PrivateLibvirtd {
  readonly directory: string;
  readonly #hypervisor: string;
  readonly #shell: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  private constructor(directory: string, hypervisor: string, shell: ChildProcess) {
    this.directory = directory;
    this.#hypervisor = hypervisor;
    this.#shell = shell;
    this.#answers = createInterface({ input: shell.stdout! })[Symbol.asyncIterator]();
  }

  /** Starts one and waits until it answers `virsh`. */
  static async start(options: PrivateOptions = {}): Promise<PrivateLibvirtd> {
    const { config = "", hypervisor = "test:///default", name = "private" } = options;
    const directory = await mkdtemp(join(tmpdir(), "lv-"));
    for (const name of ["run", "etc", "lib", "log", "cache"]) await mkdir(join(directory, name));
    await writeFile(join(directory, "etc", "libvirtd.conf"), CONFIG + config);
    await writeFile(join(directory, "etc", "qemu.conf"), QEMU_CONFIG);
    for (const file of ["passwd", "group"] as const) {
      const text = withQemuAccount(file, await readFile(`/etc/${file}`, "utf8"));
      await writeFile(join(directory, file), text);
    }
    const namespaces = ["--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const shell = spawn("/usr/bin/unshare", [...namespaces, "bash", "-c", SHELL], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, DIR: directory, NAME: name },
    });
    const daemon = new PrivateLibvirtd(directory, hypervisor, shell);
    await daemon.order("start");
    await daemon.answers();
    return daemon;
  }

  get socketPath(): string {
    return join(this.directory, "run", "libvirt-sock");
  }

  /** Its hypervisor, as libvirt's own client finds it from outside. */
  get remoteUri(): string {
    return `${this.#hypervisor.replace(":", "+unix:")}?socket=${this.socketPath}`;
  }

  /** `stop` and `continue` are signals (also to a guest's QEMU); `kill` is kill -9; `start` starts it again. */
  async order(order: Order): Promise<void> {
    this.#shell.stdin?.write(`${order}\n`);
    const answer = await this.#answers.next();
    if (answer.value !== order) throw new Error(`the daemon's shell did not ${order}: ${answer.value}`);
  }

  /** Waits until the daemon answers. */
  async answers(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      try {
        await this.virsh("version");
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  /** What the independent witness says. */
  async virsh(...args: string[]): Promise<string> {
    const command = ["-q", "-c", this.remoteUri, ...args];
    const { stdout } = await promisify(execFile)("virsh", command, { timeout: 20_000 });
    return stdout.trim();
  }

  async dispose(): Promise<void> {
    const gone = new Promise((resolve) => this.#shell.once("exit", resolve));
    this.#shell.stdin?.end();
    await gone;
    await rm(this.directory, { recursive: true, force: true });
  }
}
