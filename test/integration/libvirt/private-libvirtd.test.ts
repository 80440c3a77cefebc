import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { whyNoLibvirtd } from "./private-libvirtd.ts";

const impossible = whyNoLibvirtd();
const title = "when the test's process is killed, its libvirtd and its folder go with it";

test.skipIf(impossible !== undefined)(
  impossible === undefined ? title : `${title} (skipped: ${impossible})`,
  async () => {
    const module = JSON.stringify(new URL("private-libvirtd.ts", import.meta.url).href);
    const code = `const { PrivateLibvirtd } = await import(${module});
    console.log((await PrivateLibvirtd.start()).directory);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const directory = await new Promise<string>((resolve) => {
      child.stdout.once("data", (line: Buffer) => resolve(line.toString().trim()));
    });
    expect(existsSync(`${directory}/run/libvirt-sock`)).toBe(true);
    child.kill("SIGKILL");
    await vi.waitFor(() => expect(existsSync(directory)).toBe(false), { timeout: 10_000 });
  },
);
