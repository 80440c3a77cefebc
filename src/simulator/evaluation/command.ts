/** `discovery-sim run`: an evaluation, with a progress line, and a partial report when it is interrupted. */
import { DiscoveryError } from "../../lib/error.ts";
import { EXIT } from "../command-line/failure.ts";
import type { Input } from "../command-line/input.ts";
import { Interrupt } from "../command-line/interrupt.ts";
import { optionsOf } from "./asked.ts";
import { Evaluation } from "./evaluation.ts";
import { Progress } from "./progress.ts";
import { told } from "./told.ts";

/** Between two looks at the wall clock and at signals. */
const SLICE_MS = 200;

export async function main(input: Input): Promise<number> {
  const options = optionsOf(input);
  if (!options.ok) throw new DiscoveryError(options.failure);
  const interrupt = new Interrupt();
  const evaluation = new Evaluation(options.value);
  const progress = new Progress(evaluation);
  await play(evaluation, progress, interrupt);
  const report = evaluation.report();
  const cost = input.flag("measured") ? progress.cost() : null;
  process.stdout.write(
    input.json
      ? `${JSON.stringify(cost === null ? report : { ...report, measured: cost })}\n`
      : told(report, cost),
  );
  if (report.wrong.length > 0) return EXIT.wrong;
  return report.complete ? EXIT.done : EXIT.interrupted;
}

async function play(evaluation: Evaluation, progress: Progress, interrupt: Interrupt): Promise<void> {
  progress.begin();
  evaluation.start();
  while (!evaluation.over && (await interrupt.goesOn())) {
    evaluation.advance(SLICE_MS);
    progress.tick();
  }
  progress.end();
}
