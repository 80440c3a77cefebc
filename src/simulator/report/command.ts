/** `discovery-sim report`: what `run -o json` wrote, as one HTML file. */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Report } from "../evaluation/report.ts";

const USAGE = `Usage: discovery-sim report FILE… [--html OUT]

  FILE…             what discovery-sim run -o json wrote
  --html OUT        where the page goes (report.html)
`;

/** @returns 0: written; 2: the arguments make no sense, or a file is no report. */
export async function main(args: readonly string[]): Promise<number> {
  const asked = askedOf(args);
  if (asked === null) {
    process.stderr.write(USAGE);
    return 2;
  }
  const { page } = await import("./page.ts");
  writeFileSync(asked.html, page(asked.reports));
  process.stdout.write(`${asked.html}: ${asked.reports.length} runs\n`);
  return 0;
}

function askedOf(
  args: readonly string[],
): { readonly reports: readonly Report[]; readonly html: string } | null {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { html: { type: "string", default: "report.html" } },
    });
    if (positionals.length === 0) return null;
    return { reports: positionals.map(read), html: values.html };
  } catch (error) {
    process.stderr.write(`discovery-sim report: ${error instanceof Error ? error.message : String(error)}\n`);
    return null;
  }
}

function read(file: string): Report {
  const report = JSON.parse(readFileSync(file, "utf8")) as Partial<Report>;
  if (report.options === undefined || report.violations === undefined)
    throw new Error(`${file} is not what discovery-sim run -o json writes`);
  return report as Report;
}
