/**
 * Where settings come from: files in name order, then the environment, then flags; later ones win key by key.
 * Lists are replaced as wholes.
 */
import { fail, ok, type Result } from "../lib/error.ts";
import { nearest } from "../lib/nearest.ts";
import type { Place, Problem } from "./problem.ts";
import { readShape, type Setting } from "./shape.ts";
import type { Places } from "./validate.ts";
import { type Path, readYaml } from "./yaml-source.ts";

export interface Tree {
  [key: string]: unknown;
}

/** One setting given on the command line, e.g. `{ name: "--log-level", path: "log.level", value: "debug" }`. */
export interface Flag {
  readonly name: string;
  readonly path: string;
  readonly value: string;
}

/** Environment variables of the programs that are no settings. */
const OTHER_VARIABLES = ["DISCOVERY_CONFIG", "DISCOVERY_SOCKET", "DISCOVERY_OUTPUT"];

export class Layers implements Places {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly #values: Tree = {};
  readonly #places = new Map<string, Place>();
  readonly #settings: ReadonlyMap<string, Setting>;

  constructor() {
    this.#settings = new Map(readShape().settings.map((setting) => [setting.path.join("."), setting]));
  }

  get values(): Tree {
    return this.#values;
  }

  addFile(source: string, text: string): void {
    const yaml = readYaml(text, source);
    this.problems.push(...yaml.problems);
    const { value } = yaml;
    if (value === undefined || value === null) return;
    if (!isTree(value)) {
      this.problems.push({ where: yaml.place([]), path: "", message: "a map of settings is expected" });
      return;
    }
    this.#merge(this.#values, value, [], (path) => ({
      key: yaml.keyPlace(path.slice(0, -1), String(path.at(-1))),
      value: yaml.place(path),
    }));
  }

  addEnvironment(environment: { readonly [name: string]: string | undefined }): void {
    const byName = new Map(
      [...this.#settings.values()].map((setting) => [variableOf(setting.path), setting]),
    );
    for (const [name, value] of Object.entries(environment)) {
      if (!name.startsWith("DISCOVERY_") || value === undefined || OTHER_VARIABLES.includes(name)) continue;
      const where: Place = { source: `environment ${name}`, line: 0, column: 0 };
      const setting = byName.get(name);
      if (setting === undefined) this.warnings.push(unknownVariable(name, [...byName.keys()]));
      else this.#set(setting, value, where);
    }
  }

  addFlag(flag: Flag): void {
    const where: Place = { source: `flag ${flag.name}`, line: 0, column: 0 };
    const setting = this.#settings.get(flag.path);
    if (setting !== undefined) return this.#set(setting, flag.value, where);
    const near = nearest(flag.path, [...this.#settings.keys()]);
    const hint = near === null ? {} : { hint: `did you mean "${near}"?` };
    this.problems.push({ where, path: flag.path, message: `${flag.path} is not known`, ...hint });
  }

  place(path: Path): Place | null {
    for (let length = path.length; length > 0; length--) {
      const found = this.#places.get(`=${path.slice(0, length).join("\0")}`);
      if (found !== undefined) return found;
    }
    return null;
  }

  keyPlace(path: Path, key: string): Place | null {
    return this.#places.get([...path, key].join("\0")) ?? this.place(path);
  }

  #set(setting: Setting, text: string, where: Place): void {
    const read = readText(setting, text);
    const path = setting.path.join(".");
    if (!read.ok) {
      this.problems.push({ where, path, message: `${path}: ${read.failure.message}` });
      return;
    }
    let at = this.#values;
    for (const key of setting.path.slice(0, -1)) at = branch(at, key);
    at[setting.path.at(-1) ?? ""] = read.value;
    this.#forget(setting.path);
    this.#places.set(`=${setting.path.join("\0")}`, where);
  }

  #merge(into: Tree, from: Tree, path: Path, places: (path: Path) => { key: Place; value: Place }): void {
    for (const [key, value] of Object.entries(from)) {
      const here = [...path, key];
      const { key: keyPlace, value: valuePlace } = places(here);
      this.#places.set(here.join("\0"), keyPlace);
      if (value === null && !this.#settings.has(here.join("."))) continue;
      if (isTree(value)) {
        this.#places.set(`=${here.join("\0")}`, valuePlace);
        this.#merge(branch(into, key), value, here, places);
      } else {
        into[key] = value;
        this.#forget(here);
        this.#locate(value, here, places);
      }
    }
  }

  #locate(value: unknown, path: Path, places: (path: Path) => { key: Place; value: Place }): void {
    const { key, value: place } = places(path);
    this.#places.set(`=${path.join("\0")}`, place);
    this.#places.set(path.join("\0"), key);
    if (Array.isArray(value))
      for (const [i, entry] of value.entries()) this.#locate(entry, [...path, i], places);
    else if (isTree(value))
      for (const inner of Object.keys(value)) this.#locate(value[inner], [...path, inner], places);
  }

  /** What stood below a replaced value is of no source any more. */
  #forget(path: Path): void {
    const prefix = `${path.join("\0")}\0`;
    for (const key of this.#places.keys()) {
      if (key.startsWith(prefix) || key.startsWith(`=${prefix}`)) this.#places.delete(key);
    }
  }
}

/** `lrt.backoffMax` → `DISCOVERY_LRT_BACKOFF_MAX` */
export function variableOf(path: readonly string[]): string {
  return ["discovery", ...path].map((key) => key.replace(/([A-Z])/g, "_$1").toUpperCase()).join("_");
}

function unknownVariable(name: string, known: readonly string[]): Problem {
  const near = nearest(name, known);
  const where: Place = { source: `environment ${name}`, line: 0, column: 0 };
  return {
    where,
    path: "",
    message: "this variable is not known and was ignored",
    ...(near === null ? {} : { hint: `did you mean ${near}?` }),
  };
}

function readText({ kind }: Setting, text: string): Result<unknown> {
  switch (kind) {
    case "text":
      return ok(text);
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text))
        ? ok(Number(text))
        : no(`"${text}" is no number`);
    case "boolean":
      return text === "true" || text === "false" ? ok(text === "true") : no(`"${text}" is not true or false`);
    case "list":
      return ok(
        text
          .split(",")
          .map((part) => part.trim())
          .filter((part) => part !== ""),
      );
    case "map":
      return mapOf(text);
    case "structure":
      return no("this setting can only be given in a file");
  }
}

function mapOf(text: string): Result<unknown> {
  const pairs = text
    .split(",")
    .filter((part) => part.trim() !== "")
    .map((part) => part.trim().split("="));
  const wrong = pairs.find((pair) => pair.length !== 2);
  return wrong === undefined ? ok(Object.fromEntries(pairs)) : no(`"${wrong.join("=")}" is not name=value`);
}

const no = (message: string) => fail({ code: "invalid", message });

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function branch(tree: Tree, key: string): Tree {
  const inner = tree[key];
  if (isTree(inner)) return inner;
  const fresh: Tree = {};
  tree[key] = fresh;
  return fresh;
}
