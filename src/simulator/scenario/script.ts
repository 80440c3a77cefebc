import { ARGUMENTS, type Deed, millis, VERBS } from "../faults/verbs.ts";

/** What a script's words may name. */
export interface Names {
  readonly hosts: ReadonlySet<string>;
  readonly vms: ReadonlySet<string>;
}

export interface Script {
  readonly deeds: readonly Deed[];
  readonly endMs: number;
}

/** A mistake in a file that people write, where it is. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";

  constructor(file: string, line: number, column: number, what: string) {
    super(`${file}:${line}:${column}: ${what}`);
  }
}

const MAX_LINES = 500;
/** A simulated day. */
const MAX_MS = 86_400_000;

interface Word {
  readonly text: string;
  readonly column: number;
}

/**
 * Reads a script: one deed per line, `<time> <verb> <arguments>`, in the order of time; `#` begins a remark; the last
 * line is `<time> end`.
 * @throws ScenarioError
 */
export function parseScript(file: string, text: string, names: Names): Script {
  const lines = text.split("\n");
  if (lines.length > MAX_LINES) throw new ScenarioError(file, MAX_LINES, 1, `more than ${MAX_LINES} lines`);
  const deeds: Deed[] = [];
  let last = 0;
  for (const [i, line] of lines.entries()) {
    const words = wordsOf(line);
    if (words.length === 0) continue;
    const fail = (word: Word | undefined, what: string): never => {
      throw new ScenarioError(file, i + 1, word?.column ?? line.length + 1, what);
    };
    const deed = parseDeed(words, names, fail);
    if (deed.atMs < last) fail(words[0], "time goes back");
    last = deed.atMs;
    if (deed.verb === "end") return { deeds, endMs: deed.atMs };
    deeds.push(deed);
  }
  throw new ScenarioError(file, lines.length, 1, "the last line must be `<time> end`");
}

function wordsOf(line: string): Word[] {
  const [text = ""] = line.split("#");
  return [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], column: match.index + 1 }));
}

type Fail = (word: Word | undefined, what: string) => never;

function parseDeed([time, verb, ...args]: readonly Word[], names: Names, fail: Fail): Deed {
  if (time === undefined || !/^\d+(\.\d+)?s$|^\d+ms$/.test(time.text))
    return fail(time, "a time, as 12s or 300ms");
  const atMs = millis(time.text);
  if (atMs > MAX_MS) fail(time, "later than a day");
  if (verb === undefined) return fail(verb, "what is done then?");
  const usage = verb.text === "end" ? "" : VERBS[verb.text]?.usage;
  if (usage === undefined)
    return fail(verb, `no verb ${verb.text}; there are ${Object.keys(VERBS).join(", ")}`);
  const wanted = usage.split(" ").filter((word) => word !== "");
  if (args.length !== wanted.length)
    fail(args[wanted.length] ?? args.at(-1) ?? verb, `usage: ${verb.text} ${usage}`);
  for (const [i, kind] of wanted.entries()) checkArgument(args[i], kind, names, fail);
  return { atMs, verb: verb.text, args: args.map(({ text }) => text) };
}

function checkArgument(word: Word | undefined, kind: string, { hosts, vms }: Names, fail: Fail): void {
  if (word === undefined) return;
  const { text } = word;
  const pattern = ARGUMENTS[kind];
  if (pattern === undefined ? text !== kind : !pattern.test(text))
    fail(word, `expected ${kind}, found ${text}`);
  if (kind === "HOST" && !hosts.has(text)) fail(word, `no host is called ${text}`);
  if (kind === "VM" && !vms.has(text)) fail(word, `no VM is called ${text}`);
  if (kind === "LINK" && text.split(">").some((host) => !hosts.has(host)))
    fail(word, `no such link: ${text}`);
}

/** A deed as a script's line. */
export function deedLine({ atMs, verb, args }: Deed): string {
  return [`${atMs}ms`, verb, ...args].join(" ");
}
