/** Text in columns: as wide as it must be, two spaces between, nothing behind the last. */
import type { Palette } from "./palette.ts";

export interface Column<T> {
  readonly header: string;
  readonly cell: (item: T, palette: Palette) => string;
  readonly align?: "right";
  /** Shown only with `-o wide`. */
  readonly wide?: boolean;
}

const GAP = "  ";
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
const ESCAPES = /\u001b\[\d+m/g;

export function table<T>(
  items: readonly T[],
  columns: readonly Column<T>[],
  { palette, header, wide }: { readonly palette: Palette; readonly header: boolean; readonly wide: boolean },
): string {
  const shown = columns.filter((column) => wide || column.wide !== true);
  const rows = items.map((item) => shown.map(({ cell }) => cell(item, palette) || "-"));
  const heads = shown.map((column) => column.header);
  const widths = shown.map((_, i) => Math.max(...[heads, ...rows].map((row) => width(row[i] ?? ""))));
  const line = (cells: readonly string[], paint = (text: string) => text) =>
    cells
      .map((cell, i) => pad(paint(cell), widths[i] ?? 0, shown[i]?.align))
      .join(GAP)
      .trimEnd();
  const lines = rows.map((row) => line(row));
  return `${(header ? [line(heads, palette.bold), ...lines] : lines).join("\n")}\n`;
}

/** Names and values below one another. */
export function record(pairs: readonly (readonly [string, string | null])[], palette: Palette): string {
  const shown = pairs.filter(([, value]) => value !== null && value !== "");
  const widest = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${palette.dim(name.padEnd(widest))}${GAP}${value}\n`).join("");
}

export function width(text: string): number {
  return [...text.replaceAll(ESCAPES, "")].length;
}

function pad(text: string, to: number, align: "right" | undefined): string {
  const space = " ".repeat(Math.max(0, to - width(text)));
  return align === "right" ? space + text : text + space;
}
