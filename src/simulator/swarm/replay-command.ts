/** `discovery-sim replay --seed N`: one seed with its story. */
import { main as swarm } from "./command.ts";

const USAGE = "Usage: discovery-sim replay --seed N\n";

/** @returns as `swarm` does. */
export function main(args: readonly string[]): Promise<number> {
  const [option, seed] = args;
  if (option === "--seed" && seed !== undefined && args.length === 2)
    return swarm(["--runs", "1", "--first-seed", seed, "-v"]);
  process.stderr.write(USAGE);
  return Promise.resolve(2);
}
