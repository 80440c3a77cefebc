/** `discovery-sim replay`: one seed with its world and its story. */
import { EXIT } from "../command-line/failure.ts";
import type { Input } from "../command-line/input.ts";
import { sayShape } from "./plain-shape.ts";
import { drawCase, endOf, runCase, type Size } from "./run.ts";
import { scenesOf, scriptOf, shapeOf } from "./script-of.ts";
import { Sums, sayFault } from "./told.ts";

export function main(input: Input): number {
  const seed = input.whole("seed");
  const size: Size = input.flag("large") ? "large" : "small";
  const drawn = drawCase(String(seed), size);
  const world = shapeOf(drawn);
  if (!input.json) process.stdout.write(`The world of seed ${seed}:\n\n${sayShape(world)}\nIts story:\n\n`);
  const result = runCase(drawn, true);
  const { violations, story, actions, events, simulatedMs } = result;
  if (input.json) {
    const script = scriptOf(scenesOf(drawn), endOf(drawn)).trimEnd().split("\n");
    const told = { seed, size, world, script, story, violations, actions, steps: events };
    process.stdout.write(`${JSON.stringify({ ...told, simulatedSeconds: simulatedMs / 1000 })}\n`);
  } else {
    process.stdout.write(`${story.join("\n")}\n`);
    if (violations.length > 0) process.stdout.write(sayFault(seed, size, violations));
    for (const { what } of violations) if (what.includes("\n")) process.stdout.write(`${what}\n`);
    const sums = new Sums();
    sums.add(result);
    process.stdout.write(sums.say(violations.length > 0 ? 1 : 0));
  }
  return violations.length > 0 ? EXIT.wrong : EXIT.done;
}
