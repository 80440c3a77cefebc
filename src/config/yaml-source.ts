/**
 * YAML read strictly: every value knows the line and column where it stands. One document, no duplicate keys, no
 * tags of its own, string keys only, bounded in size and in what aliases may blow up.
 */
import {
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from "yaml";
import type { Place, Problem } from "./problem.ts";

export type Path = readonly (string | number)[];

export interface YamlSource {
  /** Plain data; undefined when the file is empty or damaged. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Where the value at a path stands, or the nearest thing above it. */
  place(path: Path): Place;
  /** Where a key of the map at a path stands. */
  keyPlace(path: Path, key: string): Place;
}

/** A manifest with a whole libvirt domain document in it stays far below this. */
const MAX_CHARACTERS = 1 << 20;
const MAX_ALIASES = 100;

export function readYaml(text: string, source: string): YamlSource {
  if (text.length > MAX_CHARACTERS) return damaged(source, `larger than ${MAX_CHARACTERS} characters`);
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, stringKeys: true, logLevel: "silent" });
  const list: readonly Document.Parsed[] = Array.isArray(documents) ? documents : [];
  const document = list[0];
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { source, line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document === undefined) return { ...damaged(source, ""), problems: [] };
  const problems = syntaxProblems(list, at);
  const root = document.contents;
  const value =
    problems.length > 0
      ? undefined
      : plain(document, (message) => {
          problems.push({ where: at(0), path: "", message });
        });
  return {
    value,
    problems,
    place: (path) => at(offsetOf(find(root, path))),
    keyPlace: (path, key) => at(offsetOf(findKey(find(root, path), key))),
  };
}

function damaged(source: string, message: string): YamlSource {
  const start: Place = { source, line: 1, column: 1 };
  const problems = [{ where: start, path: "", message }];
  return { value: undefined, problems, place: () => start, keyPlace: () => start };
}

function syntaxProblems(documents: readonly Document.Parsed[], at: (offset: number) => Place): Problem[] {
  const found = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  const all = found.map(({ pos, message }) => ({
    where: at(pos[0]),
    path: "",
    message: firstSentence(message),
  }));
  const problems: Problem[] = firstOfEachLine(all);
  const second = documents[1];
  if (second !== undefined) {
    problems.push({
      where: at(second.range[0]),
      path: "",
      message: "a second document begins here; one is read",
    });
  }
  return problems;
}

/** In the parser's order: its first complaint is the cause, and what else it says of a line follows from that. */
function firstOfEachLine(problems: readonly (Problem & { readonly where: Place })[]): Problem[] {
  const seen = new Set<number>();
  return problems.filter(({ where: { line } }) => seen.size < seen.add(line).size);
}

/** The parser adds an excerpt of the file below its sentence. */
function firstSentence(message: string): string {
  const line = message.split("\n")[0] ?? message;
  return line.replace(/ at line \d+, column \d+:?$/, "");
}

/** The parser gives up where aliases would fill the memory. */
function plain(document: Document.Parsed, refuse: (message: string) => void): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (cause) {
    refuse((cause as Error).message);
    return undefined;
  }
}

/** The node at a path, or the deepest one on the way to it. */
function find(root: Node | null, path: Path): Node | null {
  let node = root;
  for (const step of path) {
    const next = isMap(node) || isSeq(node) ? node.get(step, true) : undefined;
    if (next === undefined || next === null) return node;
    node = next as Node;
  }
  return node;
}

function findKey(node: Node | null, key: string): Node | null {
  if (!isMap(node)) return node;
  for (const pair of node.items) {
    if (isPair(pair) && isScalar(pair.key) && pair.key.value === key) return pair.key;
  }
  return node;
}

function offsetOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}
