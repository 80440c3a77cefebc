import { EXIT } from "./failure.ts";

/** Ctrl-C asks for an end with what there is; a second one does not wait for it. */
export class Interrupt {
  #asked = false;

  constructor() {
    const ask = (): void => {
      if (this.#asked) process.exit(EXIT.interrupted);
      this.#asked = true;
    };
    process.on("SIGINT", ask);
    process.on("SIGTERM", ask);
  }

  get asked(): boolean {
    return this.#asked;
  }

  /** Lets signals in between two pieces of work. @returns whether to go on. */
  async goesOn(): Promise<boolean> {
    await new Promise(setImmediate);
    return !this.#asked;
  }
}
