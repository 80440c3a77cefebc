/**
 * A scenario's script: one deed per line, `<when> <deed> <words…>`, `#` begins a comment. Times only grow; the last
 * line is `<when> end`.
 */
import { fail, ok, type Result } from "../../lib/error.ts";
import { readDuration } from "../../lib/quantity.ts";

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
const VERBS = {
  load: ["vm", "number"],
  "dirty-rate": ["vm", "number"],
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
  drop: ["host", "host", "text"],
  delay: ["host", "host", "text", "duration"],
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
  "delay-alone": ["host", "host", "text", "duration"],
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
  "disk-space": ["host", "text"],
  evict: ["vm", "host?"],
  mode: ["text", "host?"],
  "ve-apply": ["host", "text", "number", "number", "text"],
  "ve-start": ["host", "text"],
  "ve-stop": ["host", "text", "duration"],
  "ve-delete": ["host", "text", "duration"],
  calm: [],
  tidy: [],
  end: [],
} as const satisfies { readonly [verb: string]: readonly WordKind[] };

type WordKind =
  | "vm"
  | "guest"
  | "host"
  | "host?"
  | "number"
  | "share"
  | "share?"
  | "duration"
  | "text"
  | "ambush?";
type Verb = keyof typeof VERBS;

export interface Names {
  readonly hosts: ReadonlySet<string>;
  readonly vms: ReadonlySet<string>;
}

/** A longer one is no scenario. */
const MAX_DEEDS = 2000;
const MAX_MS = 24 * 3_600_000;

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
  if (!isVerb(verb)) return `there is no deed ${verb}`;
  const kinds: readonly WordKind[] = VERBS[verb];
  const least = kinds.filter((kind) => !kind.endsWith("?")).length;
  const most = kinds.includes("ambush?") ? Number.POSITIVE_INFINITY : kinds.length;
  if (words.length < least || words.length > most) return `${verb} takes: ${kinds.join(" ") || "nothing"}`;
  for (const [index, kind] of kinds.entries()) {
    const mistake = kind === "ambush?" ? badAmbush(words.slice(index)) : bad(kind, words[index], names);
    if (mistake !== null) return mistake;
  }
  return { at: at.value, line, verb, words };
}

function isVerb(word: string): word is Verb {
  return Object.hasOwn(VERBS, word);
}

function bad(kind: WordKind, word: string | undefined, names: Names): string | null {
  if (word === undefined) return null;
  if (kind === "host" || kind === "host?") return names.hosts.has(word) ? null : `there is no host ${word}`;
  if (kind === "vm") return names.vms.has(word) ? null : `there is no VM ${word}`;
  if (kind === "guest")
    return names.vms.has(word) || /^[a-z][a-z0-9-]*\.[a-z0-9-]+$/.test(word)
      ? null
      : `there is no VM ${word}`;
  if (kind === "number") return /^\d{1,9}$/.test(word) ? null : `${word} is no number`;
  if (kind === "share" || kind === "share?")
    return Number(word) >= 0 && Number(word) <= 1 ? null : `${word} is not between 0 and 1`;
  if (kind !== "duration") return null;
  const duration = readDuration(word);
  return duration.ok ? null : duration.failure.message;
}

/**
 * `before send TYPE`, `before ask KIND`, `before hypervisor`, `before persist`, `before outcome` (the write that says how
 * an order has ended), `before any`, each optionally followed by `× n` (the n-th one) and by `for TIME` (then it is back).
 */
function badAmbush(words: readonly string[]): string | null {
  if (words.length === 0) return null;
  return /^before (send \S+|ask \S+|hypervisor|persist|outcome|any)( × [1-9]\d{0,2})?( for \d{1,6}m?s)?$/.test(
    words.join(" "),
  )
    ? null
    : `not understood: ${words.join(" ")}`;
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
