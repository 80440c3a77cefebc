/**
 * Counts and measures, and their text for Prometheus (exposition format 0.0.4). Own because it is all that is needed
 * here: counters with labels, gauges that are read when asked for, histograms with fixed bounds.
 */

export interface Labels {
  readonly [name: string]: string;
}

/** What a gauge says when it is read. */
export type Reading = number | readonly { readonly labels: Labels; readonly value: number }[];

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly lines: () => Iterable<string>;
}

/** More label sets than this in one family are a defect: labels are kinds and outcomes, never names. */
const MAX_SERIES = 100;

export class Counter {
  readonly #series = new Map<string, number>();

  add(labels: Labels = {}, amount = 1): void {
    const key = labelsOf(labels);
    const before = this.#series.get(key);
    if (before === undefined && this.#series.size >= MAX_SERIES) return;
    this.#series.set(key, (before ?? 0) + amount);
  }

  *lines(name: string): Iterable<string> {
    for (const [labels, value] of this.#series) yield `${name}${labels} ${value}`;
  }
}

interface Bars {
  readonly labels: Labels;
  readonly counts: number[];
  sum: number;
  count: number;
}

export class Histogram {
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Bars>();

  /** @param bounds ascending; what is larger than the last is counted as well. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
  }

  observe(value: number, labels: Labels = {}): void {
    const bars = this.#bars(labels);
    if (bars === null) return;
    const at = this.#bounds.findIndex((bound) => value <= bound);
    if (at >= 0) bars.counts[at] = (bars.counts[at] ?? 0) + 1;
    bars.sum += value;
    bars.count += 1;
  }

  *lines(name: string): Iterable<string> {
    for (const { labels, counts, sum, count } of this.#series.values()) {
      let below = 0;
      for (const [i, bound] of this.#bounds.entries()) {
        below += counts[i] ?? 0;
        yield `${name}_bucket${labelsOf({ ...labels, le: String(bound) })} ${below}`;
      }
      yield `${name}_bucket${labelsOf({ ...labels, le: "+Inf" })} ${count}`;
      yield `${name}_sum${labelsOf(labels)} ${sum}`;
      yield `${name}_count${labelsOf(labels)} ${count}`;
    }
  }

  #bars(labels: Labels): Bars | null {
    const key = labelsOf(labels);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    if (this.#series.size >= MAX_SERIES) return null;
    const bars = { labels, counts: this.#bounds.map(() => 0), sum: 0, count: 0 };
    this.#series.set(key, bars);
    return bars;
  }
}

export class MetricsRegistry {
  readonly #families: Family[] = [];

  counter(name: string, help: string): Counter {
    const counter = new Counter();
    this.#families.push({ name, help, type: "counter", lines: () => counter.lines(name) });
    return counter;
  }

  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    const histogram = new Histogram(bounds);
    this.#families.push({ name, help, type: "histogram", lines: () => histogram.lines(name) });
    return histogram;
  }

  gauge(name: string, help: string, read: () => Reading): void {
    this.#families.push({ name, help, type: "gauge", lines: () => readingLines(name, read()) });
  }

  /** A count that somebody else keeps. */
  counted(name: string, help: string, read: () => Reading): void {
    this.#families.push({ name, help, type: "counter", lines: () => readingLines(name, read()) });
  }

  render(): string {
    const blocks = this.#families.map(({ name, help, type, lines }) =>
      [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines()].join("\n"),
    );
    return `${blocks.join("\n")}\n`;
  }
}

function readingLines(name: string, reading: Reading): string[] {
  if (typeof reading === "number") return [`${name} ${reading}`];
  return reading.map(({ labels, value }) => `${name}${labelsOf(labels)} ${value}`);
}

function labelsOf(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
