/** A sample as figures: count, mean, standard deviation and quantiles by nearest rank. */
export interface Summary {
  readonly count: number;
  readonly mean: number;
  readonly sigma: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export function summary(values: readonly number[]): Summary {
  const sorted = Float64Array.from(values).sort();
  const count = sorted.length;
  const mean = count === 0 ? 0 : sum(sorted) / count;
  const variance = count === 0 ? 0 : sum(sorted.map((value) => (value - mean) ** 2)) / count;
  const [p50, p90, p99, max] = [0.5, 0.9, 0.99, 1].map((share) => rounded(quantile(sorted, share)));
  return {
    count,
    mean: rounded(mean),
    sigma: rounded(Math.sqrt(variance)),
    p50: p50 ?? 0,
    p90: p90 ?? 0,
    p99: p99 ?? 0,
    max: max ?? 0,
  };
}

/** The values below which 0 %, 1 % … 100 % of the sample lie: what a distribution is drawn from. */
export function percentiles(values: readonly number[]): readonly number[] {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return [];
  return Array.from({ length: 101 }, (_, percent) => rounded(quantile(sorted, percent / 100)));
}

export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
