/** `discovery-sim swarm`: runs seeds and stops at the first that shows a fault. */
import { EXIT, refuse } from "../command-line/failure.ts";
import type { Input } from "../command-line/input.ts";
import { Interrupt } from "../command-line/interrupt.ts";
import { StatusLine, sayLeft } from "../command-line/status-line.ts";
import type { Violation } from "../simulation.ts";
import { drawCase, runCase, type Size } from "./run.ts";
import { replayLine, Sums, sayFault } from "./told.ts";

interface Fault {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly replay: string;
}

export async function main(input: Input): Promise<number> {
  if (input.json && input.flag("verbose")) refuse("-v prints stories as text: it does not go with -o json");
  const swarm = new Swarm(input);
  await swarm.run(new Interrupt());
  process.stdout.write(input.json ? `${JSON.stringify(swarm.report())}\n` : swarm.say());
  if (swarm.faults.length > 0) return EXIT.wrong;
  return swarm.interrupted ? EXIT.interrupted : EXIT.done;
}

class Swarm {
  readonly faults: Fault[] = [];
  interrupted = false;
  readonly #input: Input;
  readonly #size: Size;
  readonly #first: number;
  readonly #runs: number;
  readonly #sums = new Sums();
  readonly #status = new StatusLine();
  readonly #startedAt = performance.now();
  #done = 0;

  constructor(input: Input) {
    this.#input = input;
    this.#size = input.flag("large") ? "large" : "small";
    this.#first = input.whole("first-seed");
    this.#runs = input.whole("runs");
    if (!Number.isSafeInteger(this.#first + this.#runs))
      refuse(`--first-seed ${this.#first} and --runs ${this.#runs} go beyond ${Number.MAX_SAFE_INTEGER}`);
  }

  async run(interrupt: Interrupt): Promise<void> {
    const keepGoing = this.#input.flag("keep-going");
    while (this.#done < this.#runs && (keepGoing || this.faults.length === 0)) {
      if (!(await interrupt.goesOn())) {
        this.interrupted = true;
        break;
      }
      this.#one(this.#next);
      this.#status.offer(() => this.#progress());
    }
    this.#status.clear();
  }

  /** The first seed that has not been run. */
  get #next(): number {
    return this.#first + this.#done;
  }

  #one(seed: number): void {
    const told = this.#input.flag("verbose");
    const { violations, story, ...sums } = runCase(drawCase(String(seed), this.#size), told);
    this.#done++;
    this.#sums.add({ violations, story, ...sums });
    if (told) this.#print(`${story.join("\n")}\n`);
    if (violations.length === 0) return;
    this.faults.push({ seed, violations, replay: replayLine(seed, this.#size) });
    if (!this.#input.json) this.#print(sayFault(seed, this.#size, violations));
  }

  #print(text: string): void {
    this.#status.clear();
    process.stdout.write(text);
  }

  #progress(): string {
    const elapsedMs = performance.now() - this.#startedAt;
    const rate = Math.round(this.#sums.steps / (elapsedMs / 1000));
    const bad = this.faults.length === 0 ? "" : `, ${this.faults.length} show a fault`;
    const done = `${this.#done} of ${this.#runs} seeds${bad}, ${this.#sums.hours} simulated hours`;
    return `${done}, ${rate} steps/s, ${sayLeft(elapsedMs, this.#done, this.#runs)}`;
  }

  say(): string {
    const summary = this.#sums.say(this.faults.length);
    if (!this.interrupted) return summary;
    return `${summary}interrupted after ${this.#done} of ${this.#runs} seeds; the first that was not run: ${this.#next}\n`;
  }

  report(): object {
    const { actions, steps, simulatedMs } = this.#sums;
    return {
      size: this.#size,
      firstSeed: this.#first,
      runs: this.#runs,
      done: this.#done,
      nextSeed: this.#done < this.#runs ? this.#next : null,
      interrupted: this.interrupted,
      faults: this.faults,
      actions,
      steps,
      simulatedHours: Math.round(simulatedMs / 3600) / 1000,
    };
  }
}
