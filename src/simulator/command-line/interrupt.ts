/** Ctrl-C asks for an end with what there is; a second one after it has been seen ends the process there and then. */
export class Interrupt {
  #asked = false;

  constructor() {
    const ask = (): void => {
      this.#asked = true;
      process.removeListener("SIGINT", ask);
      process.removeListener("SIGTERM", ask);
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
