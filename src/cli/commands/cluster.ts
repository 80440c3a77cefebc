import { createClusterKey } from "../../config/cluster-key.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { Input } from "../input.ts";

const KEY_FILE = "/etc/discovery/cluster.key";

/** Needs no agent: it comes before the first one starts. */
export async function init(context: Context, input: Input): Promise<number> {
  const made = createClusterKey(input.text("key-file") ?? KEY_FILE);
  if (!made.ok) return context.failed(made.failure);
  context.print(`${made.value.path}\n`);
  context.say(
    "copy it to every host that is to join, owned by the agent's user, mode 0600; then start discoveryd",
  );
  return EXIT.done;
}
