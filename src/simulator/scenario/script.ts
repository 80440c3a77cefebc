/**
 * A scenario's script: one deed per line, `<when> <deed> <words…>`, `#` begins a comment. Times only grow; the last
 * line is `<when> end`.
 */
import { fail, ok, type Result } from "../../lib/error.ts";
import { nearest } from "../../lib/nearest.ts";
import { readDuration } from "../../lib/quantity.ts";
import { badAmbush, badWord, type Names, type WordKind } from "./words.ts";

export interface Deed {
  readonly at: number;
  /** From 1. */
  readonly line: number;
  readonly verb: Verb;
  readonly words: readonly string[];
}

/**
 * Words that each verb takes; `?`: may be absent. A guest is a VM, or one of a VE by its name, `<ve>.<vm>`. The last host
 * of what an operator asks is the one that is asked; the last share of the weather is that of messages which later ones
 * overtake. The last word about a VE says where its VMs may be: apart, anywhere, or with a label (`disk=ssd`).
 */
export const VERBS = {
  load: ["vm", "load"],
  "dirty-rate": ["vm", "rate"],
  "kill-agent": ["host", "ambush?"],
  "end-agent": ["host"],
  "start-agent": ["host"],
  "power-off": ["host"],
  "power-on": ["host"],
  cut: ["host", "host"],
  isolate: ["host"],
  heal: [],
  drain: ["host", "host?"],
  restore: ["host", "host?"],
  migrate: ["vm", "host", "host?"],
  "libvirtd-dies": ["host"],
  "libvirtd-returns": ["host"],
  drop: ["host", "host", "message"],
  delay: ["host", "host", "message", "duration"],
  weather: ["share", "share", "duration", "share?"],
  "slow-solver": ["host", "duration"],
  "slow-disk": ["host", "duration"],
  "crash-guest": ["vm"],
  "panic-guest": ["vm"],
  "power-off-guest": ["vm"],
  "suspend-guest": ["guest"],
  "stall-guest": ["guest"],
  "unstall-guest": ["guest"],
  "cut-one-way": ["host", "host"],
  join: ["host", "host"],
  rejoin: ["host"],
  clog: ["host", "host", "duration"],
  "delay-alone": ["host", "host", "message", "duration"],
  "stop-agent": ["host"],
  "resume-agent": ["host"],
  spare: ["host"],
  sleep: ["host"],
  wake: ["host"],
  "slow-cpu": ["host", "duration"],
  "stall-solver": ["host"],
  "resume-solver": ["host"],
  "libvirtd-hangs": ["host"],
  "libvirtd-resumes": ["host"],
  "hide-usage": ["host"],
  "show-usage": ["host"],
  "slow-listing": ["host", "duration"],
  "slow-begin": ["host", "duration"],
  "disk-space": ["host", "space"],
  evict: ["vm", "host?"],
  mode: ["mode", "host?"],
  "ve-apply": ["host", "ve", "count", "memory", "rule"],
  "ve-start": ["host", "ve"],
  "ve-stop": ["host", "ve", "duration"],
  "ve-delete": ["host", "ve", "duration"],
  calm: [],
  tidy: [],
  end: [],
} as const satisfies { readonly [verb: string]: readonly WordKind[] };

export type Verb = keyof typeof VERBS;

/** A longer one is no scenario. */
export const MAX_DEEDS = 2000;
export const MAX_MS = 24 * 3_600_000;

/** @returns the deeds, or the first mistake with its line. */
export function readScript(text: string, source: string, names: Names): Result<readonly Deed[]> {
  const deeds: Deed[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const words = raw.replace(/#.*$/, "").trim().split(/\s+/).filter(Boolean);
    if (words.length === 0) continue;
    const wrong = (message: string) =>
      fail({ code: "invalid", message: `${source}:${index + 1}: ${message}` });
    if (deeds.length >= MAX_DEEDS) return wrong(`more than ${MAX_DEEDS} deeds`);
    if (deeds.at(-1)?.verb === "end") return wrong("nothing comes after the end");
    const deed = readDeed(words, index + 1, names);
    if (typeof deed === "string") return wrong(deed);
    if (deed.at < (deeds.at(-1)?.at ?? 0)) return wrong("is earlier than the deed before it");
    deeds.push(deed);
  }
  if (deeds.at(-1)?.verb !== "end")
    return fail({ code: "invalid", message: `${source}: the end is missing` });
  return ok(deeds);
}

/** @returns the deed, or what is wrong with it. */
function readDeed(parts: readonly string[], line: number, names: Names): Deed | string {
  const [when = "", verb = "", ...words] = parts;
  const at = readDuration(when);
  if (!at.ok) return at.failure.message;
  if (at.value > MAX_MS) return `${when} is too late`;
  if (!isVerb(verb)) return unknownVerb(verb);
  const kinds: readonly WordKind[] = VERBS[verb];
  const least = kinds.filter((kind) => !kind.endsWith("?")).length;
  const most = kinds.includes("ambush?") ? Number.POSITIVE_INFINITY : kinds.length;
  if (words.length < least || words.length > most) return `${verb} takes: ${kinds.join(" ") || "nothing"}`;
  for (const [index, kind] of kinds.entries()) {
    const mistake = kind === "ambush?" ? badAmbush(words.slice(index)) : badWord(kind, words[index], names);
    if (mistake !== null) return mistake;
  }
  return { at: at.value, line, verb, words };
}

function isVerb(word: string): word is Verb {
  return Object.hasOwn(VERBS, word);
}

function unknownVerb(word: string): string {
  const near = nearest(word, Object.keys(VERBS));
  return `there is no deed ${word}${near === null ? "" : `; did you mean ${near}?`}`;
}

/** The effect that an ambush waits for, and which one of them. */
export function readAmbush(words: readonly string[]): {
  readonly effect: string;
  readonly countdown: number;
  readonly backMs: number | null;
} {
  const after = (word: string): string | undefined => words[words.indexOf(word) + 1 || words.length];
  const back = readDuration(after("for") ?? "");
  const when = { countdown: Number(after("×") ?? 1), backMs: back.ok ? back.value : null };
  const [, kind = "", what = ""] = words;
  if (kind === "send") return { effect: what, ...when };
  return { effect: kind === "ask" ? `hypervisor.${what}` : kind, ...when };
}
