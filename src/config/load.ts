/**
 * Loads the configuration: flag > environment > conf.d > discovery.yaml > default. All that is wrong is said at
 * once, and a reload that fails leaves the good one in force.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Failure } from "../lib/error.ts";
import { byText } from "../lib/order.ts";
import { type Flag, Layers } from "./layers.ts";
import { orderProblems } from "./order.ts";
import { type Problem, sayPlace, sayProblem } from "./problem.ts";
import { type Config, configSchema } from "./schema.ts";
import { readShape } from "./shape.ts";
import { check, valueAt } from "./validate.ts";

export const DEFAULT_FILE = "/etc/discovery/discovery.yaml";

export interface LoadOptions {
  /** The main file; `conf.d/*.yaml` beside it is read too. Absent: the default, which need not be there. */
  readonly file?: string;
  readonly environment?: { readonly [name: string]: string | undefined };
  readonly flags?: readonly Flag[];
}

/** Where one setting's value comes from. */
export interface Origin {
  /** Keys from the top, joined by dots. */
  readonly path: string;
  /** As a file would write it. */
  readonly value: unknown;
  /** `default`, `<file>:<line>:<column>`, `environment DISCOVERY_…` or `flag --…`. */
  readonly origin: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Every setting, in the order of the reference page. */
  readonly origins: readonly Origin[];
  readonly warnings: readonly Problem[];
}

export type ConfigResult =
  | { readonly ok: true; readonly value: LoadedConfig }
  | { readonly ok: false; readonly failure: Failure; readonly problems: readonly Problem[] };

export function loadConfig(options: LoadOptions = {}): ConfigResult {
  const layers = new Layers();
  readFiles(layers, options.file);
  layers.addEnvironment(options.environment ?? {});
  for (const flag of options.flags ?? []) layers.addFlag(flag);
  const checked = check(configSchema, layers.values, layers);
  const problems = [
    ...layers.problems,
    ...(checked.ok ? orderProblems(checked.value, layers) : checked.problems),
  ];
  if (!checked.ok || problems.length > 0) return refused(problems);
  return { ok: true, value: { config: checked.value, origins: origins(layers), warnings: layers.warnings } };
}

/** Holds the configuration in force. */
export class ConfigHolder {
  readonly #options: LoadOptions;
  readonly #first: LoadedConfig;
  #loaded: LoadedConfig;

  private constructor(options: LoadOptions, loaded: LoadedConfig) {
    this.#options = options;
    this.#first = loaded;
    this.#loaded = loaded;
  }

  static open(options: LoadOptions): ConfigResult & { readonly holder?: ConfigHolder } {
    const result = loadConfig(options);
    return result.ok ? { ...result, holder: new ConfigHolder(options, result.value) } : result;
  }

  get current(): LoadedConfig {
    return this.#loaded;
  }

  /** Reads everything again; what is in force changes only when all of it is right. */
  reload(): ConfigResult {
    const result = loadConfig(this.#options);
    if (result.ok) this.#loaded = result.value;
    return result;
  }

  /** The settings, by path, that are not as they were at the start. */
  changed(): readonly string[] {
    const [first, now] = [this.#first.config, this.#loaded.config];
    const said = (config: Config, path: string) => JSON.stringify(valueAt(config, path.split(".")));
    const paths = this.#loaded.origins.map(({ path }) => path);
    return paths.filter((path) => said(first, path) !== said(now, path));
  }
}

function refused(problems: readonly Problem[]): ConfigResult {
  const [first, ...more] = problems.map(sayProblem);
  const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
  const failure: Failure = {
    code: problems.every(({ notYet }) => notYet === true) ? "not-yet" : "invalid",
    message: "the configuration is refused",
    reason: `${first ?? "it cannot be read"}${others}`,
    hint: "put it right; docs/reference/config.md has every key",
  };
  return { ok: false, failure, problems };
}

function origins(layers: Layers): Origin[] {
  return readShape().settings.map(({ path, standard }) => {
    const place = layers.place(path);
    const own = valueAt(layers.values, path);
    return {
      path: path.join("."),
      value: own ?? standard,
      origin: own === undefined ? "default" : sayPlace(place),
    };
  });
}

function readFiles(layers: Layers, given: string | undefined): void {
  const main = given ?? DEFAULT_FILE;
  readOne(layers, main, given !== undefined);
  const directory = join(dirname(main), "conf.d");
  for (const name of listed(directory)) readOne(layers, join(directory, name), true);
}

function readOne(layers: Layers, file: string, required: boolean): void {
  try {
    const text = readFileSync(file, "utf8");
    if ((statSync(file).mode & 0o002) !== 0) {
      const where = { source: file, line: 0, column: 0 };
      const hint = `chmod o-w ${file}`;
      layers.warnings.push({ where, path: "", message: "anybody on this machine can write this file", hint });
    }
    layers.addFile(file, text);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" && !required) return;
    layers.problems.push({
      where: { source: file, line: 0, column: 0 },
      path: "",
      message: `cannot be read: ${message}`,
    });
  }
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(".yaml"))
      .sort(byText);
  } catch {
    return [];
  }
}
