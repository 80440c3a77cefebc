/** `discovery-sim report`: what `run -o json` wrote, as one HTML file. */
import { resolve } from "node:path";
import { EXIT, refuse } from "../command-line/failure.ts";
import { misfitOf } from "../command-line/field.ts";
import { demandWritable, readText, writeText } from "../command-line/files.ts";
import type { Input } from "../command-line/input.ts";
import { RUN_FIELDS } from "../evaluation/format.ts";
import type { Report } from "../evaluation/report.ts";

export async function main(input: Input): Promise<number> {
  const html = input.text("html");
  const same = input.args.find((file) => resolve(file) === resolve(html));
  if (same !== undefined) refuse(`--html ${html} would replace the run that it is made of`);
  demandWritable(html);
  const reports = input.args.map(read);
  const page = await pageMaker();
  writeText(html, page(reports));
  process.stdout.write(`${html}: ${reports.length} ${reports.length === 1 ? "run" : "runs"}\n`);
  return EXIT.done;
}

/** The plots' package is one of the development's: hosts of operators do without it. */
async function pageMaker(): Promise<(reports: readonly Report[]) => string> {
  try {
    return (await import("./page.ts")).page;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    if (!missing || !String(error).includes("echarts")) throw error;
    return refuse("the package that draws plots (echarts) is not installed", "scripts/setup --dev");
  }
}

function read(file: string): Report {
  const value = parsed(readText(file), file);
  const misfit = misfitOf(value, RUN_FIELDS);
  if (misfit !== null)
    refuse(
      `${file} is not what discovery-sim run -o json writes: ${misfit}`,
      "write it anew with run -o json",
    );
  return value as Report;
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuse(`${file} is no JSON: ${(error as Error).message}`);
  }
}
