/** `discovery-sim replay [--large] --seed N`: one seed with its story. */
import { main as swarm } from "./command.ts";

const USAGE = "Usage: discovery-sim replay [--large] --seed N\n";

/** @returns as `swarm` does. */
export function main(args: readonly string[]): Promise<number> {
  const [option, seed, ...others] = args.filter((arg) => arg !== "--large");
  if (option === "--seed" && seed !== undefined && others.length === 0) {
    const large = args.includes("--large") ? ["--large"] : [];
    return swarm(["--runs", "1", "--first-seed", seed, "-v", ...large]);
  }
  process.stderr.write(USAGE);
  return Promise.resolve(2);
}
