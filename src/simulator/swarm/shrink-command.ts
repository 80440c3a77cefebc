/** `discovery-sim shrink`: a seed that shows a fault as a scenario folder that people can read. */
import { join } from "node:path";
import { EXIT } from "../command-line/failure.ts";
import { claimFolder, giveUpFolder, writeText } from "../command-line/files.ts";
import type { Input } from "../command-line/input.ts";
import { Interrupt } from "../command-line/interrupt.ts";
import { StatusLine } from "../command-line/status-line.ts";
import { sayShape } from "./plain-shape.ts";
import { drawCase } from "./run.ts";
import { Shrinker, type Shrunk } from "./shrink.ts";

export async function main(input: Input): Promise<number> {
  const seed = String(input.whole("seed"));
  const out = input.text("out");
  const claim = claimFolder(out, input.flag("force"));
  const patience = new Patience(input.whole("seconds"));
  const shrinker = new Shrinker((runs) => patience.goesOn(runs));
  const shrunk = await shrinker.shrink(drawCase(seed, input.flag("large") ? "large" : "small"));
  patience.end();
  if (shrunk === null) {
    giveUpFolder(out, claim);
    process.stdout.write(
      patience.interrupted
        ? `interrupted before seed ${seed} had shown a fault; nothing is written\n`
        : `seed ${seed} shows no fault as a scenario; nothing is written\n`,
    );
    return patience.interrupted ? EXIT.interrupted : EXIT.wrong;
  }
  writeShrunk(out, `Seed ${seed}`, shrunk);
  process.stdout.write(`${out}: ${sayShrunk(shrunk)}${patience.say()}\n`);
  return patience.interrupted ? EXIT.interrupted : EXIT.done;
}

/** How long it tries: looked at between two runs. */
class Patience {
  readonly #seconds: number;
  readonly #startedAt = performance.now();
  readonly #interrupt = new Interrupt();
  readonly #status = new StatusLine();
  #late = false;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  get interrupted(): boolean {
    return this.#interrupt.asked;
  }

  async goesOn(runs: number): Promise<boolean> {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    this.#status.offer(() => `${runs} runs, ${Math.round(seconds)} of ${this.#seconds} s`);
    this.#late ||= seconds >= this.#seconds;
    return (await this.#interrupt.goesOn()) && !this.#late;
  }

  end(): void {
    this.#status.clear();
  }

  say(): string {
    if (this.interrupted) return "; interrupted: it may not be the smallest";
    if (!this.#late) return "; nothing more can be left out";
    return `; the ${this.#seconds} s are over: more --seconds may find a smaller one`;
  }
}

function sayShrunk({ draft, script, runs }: Shrunk): string {
  const { hosts } = draft.shape;
  const vms = hosts.reduce((sum, host) => sum + host.vms.length, 0);
  const lines = script.trimEnd().split("\n").length;
  return `${hosts.length} hosts, ${vms} VMs, ${lines} deeds after ${runs} runs`;
}

/** @param what whose fault it is, for the README. */
export function writeShrunk(out: string, what: string, { draft, script, log, violation }: Shrunk): void {
  const [first = ""] = violation.what.split("\n");
  writeText(join(out, "README.md"), `${what}, ${violation.checker}: ${first}.\n`);
  writeText(join(out, "scenario.yaml"), sayShape(draft.shape));
  writeText(join(out, "script"), script);
  writeText(join(out, "expected.log"), log);
}
