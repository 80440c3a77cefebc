/** Needs no agent: it reads the files, and the environment of whoever asks. */
import { DEFAULT_FILE, type LoadedConfig, loadConfig, type Origin } from "../../config/load.ts";
import { sayProblem, sayProblems } from "../../config/problem.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { Input } from "../input.ts";
import { isDocument, sayDocument } from "../output/document.ts";
import { type Column, table } from "../output/table.ts";

const COLUMNS: readonly Column<Origin>[] = [
  { header: "SETTING", cell: ({ path }) => path },
  { header: "VALUE", cell: ({ value }) => (typeof value === "string" ? value : JSON.stringify(value)) },
  { header: "ORIGIN", cell: ({ origin }, palette) => (origin === "default" ? palette.dim(origin) : origin) },
];

export async function show(context: Context, input: Input): Promise<number> {
  const { platform, failed, say, palette } = context;
  const file = input.text("config");
  const given = file === undefined ? {} : { file };
  const result = loadConfig({ ...given, environment: platform.environment });
  if (!result.ok) {
    const reason = sayProblems(result.problems).join("\n       ");
    const { code } = result.failure;
    return failed({ code, message: `${file ?? DEFAULT_FILE} is refused`, reason });
  }
  for (const warning of result.value.warnings) say(`${palette.attention("warning:")} ${sayProblem(warning)}`);
  await print(context, result.value);
  return EXIT.done;
}

/** With `-o name` only what is no default. */
async function print(context: Context, { origins }: LoadedConfig): Promise<void> {
  const { format, palette, header } = context;
  if (isDocument(format))
    return context.print(await sayDocument(format, { kind: "SettingList", value: origins, meta: null }));
  if (format === "name") {
    const changed = origins.filter(({ origin }) => origin !== "default");
    return context.print(changed.map(({ path }) => `${path}\n`).join(""));
  }
  context.print(table(origins, COLUMNS, { palette, header, wide: false }));
}
