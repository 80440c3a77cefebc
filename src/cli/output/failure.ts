import { ERROR_CODES, type Failure } from "../../lib/error.ts";
import type { Palette } from "./palette.ts";
import { printableLines } from "./printable.ts";

/** Three short lines: what, why, what next. */
export function sayFailure({ message, reason, hint, changed }: Failure, palette: Palette): string {
  const lines = [`${palette.bad("error:")} ${printableLines(message)}`];
  if (reason !== undefined) lines.push(`  ${palette.dim("why:")} ${printableLines(reason)}`);
  const next =
    changed === true ? [...(hint === undefined ? [] : [hint]), "something may have been changed"] : [hint];
  const text = next.filter((part) => part !== undefined).join("; ");
  if (text !== "") lines.push(`  ${palette.dim("next:")} ${printableLines(text)}`);
  return lines.join("\n");
}

export function exitCodeOf({ code }: Failure): number {
  return ERROR_CODES[code].exit;
}
