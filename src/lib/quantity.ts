/**
 * Amounts as operators write and read them: durations `30s`, sizes `4GiB`. What `write…` writes, `read…` reads
 * back exactly; `say…` is for tables and sentences and rounds.
 */
import { fail, ok, type Result } from "./error.ts";
import type { Millis } from "./instant.ts";

const DURATION_UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

/** In MiB. */
const SIZE_UNITS = [
  ["TiB", 1_048_576],
  ["GiB", 1024],
  ["MiB", 1],
] as const;

const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g;
const SIZE = /^(\d+(?:\.\d+)?)(MiB|GiB|TiB)$/;

const invalid = (message: string) => fail({ code: "invalid", message });

/** `30s`, `1m30s`, `500ms`, `1.5h`, `0` → milliseconds. */
export function readDuration(text: string): Result<Millis> {
  if (text === "0") return ok(0);
  if (/^\d+(\.\d+)?$/.test(text)) return invalid(`${text} has no unit: write ${text}s, ${text}m or ${text}h`);
  if (!DURATION.test(text)) return invalid(`"${text}" is no duration: write 30s, 5m or 1h30m`);
  let total = 0;
  for (const [, amount, unit] of text.matchAll(DURATION_PART)) {
    total += Number(amount) * unitOf(DURATION_UNITS, unit);
  }
  const rounded = Math.round(total);
  if (Math.abs(rounded - total) > 1e-6) return invalid(`"${text}" is no whole number of milliseconds`);
  return Number.isSafeInteger(rounded) ? ok(rounded) : invalid(`"${text}" is too long`);
}

/** `4GiB`, `512MiB`, `1.5TiB` → MiB. */
export function readSize(text: string): Result<number> {
  if (/^\d+(\.\d+)?$/.test(text)) return invalid(`${text} has no unit: write ${text}MiB or ${text}GiB`);
  const decimal = /^(\d+(?:\.\d+)?)\s*([kmgt])i?b?$/i.exec(text);
  const match = SIZE.exec(text);
  if (match === null && decimal !== null) {
    return invalid(`"${text}" is no size: write ${decimal[1]}${decimal[2]?.toUpperCase()}iB`);
  }
  if (match === null) return invalid(`"${text}" is no size: write 512MiB or 4GiB`);
  const mib = Number(match[1]) * unitOf(SIZE_UNITS, match[2]);
  if (!Number.isSafeInteger(mib)) return invalid(`"${text}" is no whole number of MiB`);
  return ok(mib);
}

/** Exact and as short as that allows: `1m30s`. */
export function writeDuration(ms: Millis): string {
  return spell(ms, DURATION_UNITS, DURATION_UNITS.length) || "0s";
}

/** Exact: `4GiB`, `1536MiB`. */
export function writeSize(mib: number): string {
  const [unit, factor] =
    SIZE_UNITS.find(([, size]) => mib >= size && mib % size === 0) ?? (["MiB", 1] as const);
  return `${mib / factor}${unit}`;
}

/** For people: the two widest units, `3d4h`, `2m10s`, `43s`, `0.4s`. */
export function sayDuration(ms: Millis): string {
  if (ms < 1000) return ms < 100 ? `${Math.round(ms)}ms` : `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000) * 1000;
  return spell(seconds, DURATION_UNITS, 2);
}

/** For people: `512MiB`, `7.5GiB`, `1.2TiB`. */
export function saySize(mib: number): string {
  const [unit, factor] = SIZE_UNITS.find(([, size]) => Math.abs(mib) >= size) ?? (["MiB", 1] as const);
  return `${short(mib / factor)}${unit}`;
}

/** milli-CPU as cores: `1.5`. */
export function sayCores(milli: number): string {
  return short(milli / 1000);
}

function short(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}

/** The widest `most` neighbouring units of an amount, without the empty ones. */
function spell(amount: number, units: readonly (readonly [string, number])[], most: number): string {
  const first = units.findIndex(([, size]) => amount >= size);
  if (first === -1) return "";
  let rest = amount;
  let text = "";
  for (const [unit, size] of units.slice(first, first + most)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}

function unitOf(units: readonly (readonly [string, number])[], name: string | undefined): number {
  return units.find(([unit]) => unit === name)?.[1] ?? Number.NaN;
}
