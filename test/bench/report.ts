/** Tables and plots as Markdown. */

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
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
