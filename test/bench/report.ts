/** Where benches write what they found: each command replaces its own section of `docs/benchmarks.md`, and nothing else. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";

const PAGE = new URL("../../docs/benchmarks.md", import.meta.url);
const HEADING = `# Benchmarks

Figures, each with the command that produced it. A section is rewritten by its command and by nothing else; what it was
measured on is said in it.
`;

/** Puts `text` between the section's markers; a section that is not there yet comes last. */
export function writeSection(name: string, text: string): void {
  const page = existsSync(PAGE) ? readFileSync(PAGE, "utf8") : HEADING;
  const begin = `<!-- bench:${name} -->`;
  const end = `<!-- /bench:${name} -->`;
  const section = `${begin}\n\n${text.trim()}\n\n${end}`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  const next =
    from >= 0 && to > from
      ? page.slice(0, from) + section + page.slice(to + end.length)
      : `${page.trimEnd()}\n\n${section}\n`;
  writeFileSync(PAGE, next);
}

/** What it was measured on, and how busy that was with other things. */
export function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const load = loadavg()[0]?.toFixed(1);
  return (
    `${availableParallelism()} cores (${cpu?.model.trim() ?? "unknown"}), ${memory} GiB, Linux ${release()}, ` +
    `Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}; the machine is shared: load average ${load} at the end`
  );
}

export function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map((_, i) => (i === 0 ? "---" : "--:"))), ...rows.map(line)].join("\n");
}

/** The value that so much of the sample is at most, by nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Curves over labelled points, as a Mermaid chart. */
export function chart(
  title: string,
  labels: readonly string[],
  unit: string,
  lines: readonly (readonly number[])[],
): string {
  return [
    "```mermaid",
    "xychart-beta",
    `  title "${title}"`,
    `  x-axis [${labels.map((label) => `"${label}"`).join(", ")}]`,
    `  y-axis "${unit}"`,
    ...lines.map((values) => `  line [${values.map((value) => value.toFixed(2)).join(", ")}]`),
    "```",
  ].join("\n");
}

export const ms = (value: number): string =>
  Number.isFinite(value) ? value.toFixed(value < 10 ? 1 : 0) : "–";

/** How much above 1, in percent. */
export const above = (ratio: number): string =>
  Number.isFinite(ratio) ? `+${((ratio - 1) * 100).toFixed(1)} %` : "none";
