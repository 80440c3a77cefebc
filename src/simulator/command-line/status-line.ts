const REFRESH_MS = 500;
const REPORT_MS = 60_000;

/** How far the work is: a line on a terminal that changes, elsewhere a line a minute; always on stderr. */
export class StatusLine {
  readonly #tty = process.stderr.isTTY === true;
  #saidAt = performance.now();
  #open = false;

  offer(line: () => string): void {
    const now = performance.now();
    if (now - this.#saidAt < (this.#tty ? REFRESH_MS : REPORT_MS)) return;
    this.#saidAt = now;
    this.#open = this.#tty;
    process.stderr.write(this.#tty ? `\r\u001b[K${line()}` : `${line()}\n`);
  }

  /** Makes room for something else. */
  clear(): void {
    if (this.#open) process.stderr.write("\r\u001b[K");
    this.#open = false;
  }
}

/** The estimate of what is left, from what has been done so far. */
export function sayLeft(elapsedMs: number, done: number, all: number): string {
  const seconds = Math.ceil((elapsedMs * (all - done)) / Math.max(done, Number.EPSILON) / 1000);
  if (seconds < 120) return `over in about ${seconds} s`;
  return seconds < 7200
    ? `over in about ${Math.round(seconds / 60)} min`
    : `over in about ${(seconds / 3600).toFixed(1)} h`;
}
