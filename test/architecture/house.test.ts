import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = new URL("../..", import.meta.url).pathname;
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

describe("ARCHITECTURE.md", () => {
  test("has a row for every folder of src, and no other", () => {
    const rows = [...read("ARCHITECTURE.md").matchAll(/^\| `([a-z]+)\/`(?:, `([a-z]+)\/`)?\s*\|/gm)];
    const told = rows
      .flatMap(([, first, second]) => [first, second])
      .filter((name) => name !== undefined && name !== "src");
    const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    expect([...told].sort()).toEqual(folders.map(({ name }) => name).sort());
  });

  test("names only files that exist", () => {
    const named = [...read("ARCHITECTURE.md").matchAll(/`((?:lrt|dnt|agent)\/[a-z/-]+\.ts)`/g)].map(
      ([, path]) => path,
    );
    expect(named.length).toBeGreaterThan(3);
    for (const path of named) expect(() => read(`src/${path}`)).not.toThrow();
  });
});

describe("the fence round the pure half", () => {
  let folder = "";
  beforeAll(() => {
    mkdirSync(join(ROOT, ".cache"), { recursive: true });
    folder = mkdtempSync(join(ROOT, ".cache/fence-"));
    const options = { composite: false, rootDir: ".", incremental: false, tsBuildInfoFile: null };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: "../../src/tsconfig.pure.json",
        compilerOptions: options,
        include: ["*.ts"],
      }),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const compile = (source: string) => {
    writeFileSync(join(folder, "violation.ts"), source);
    const compiler = join(ROOT, "node_modules/@typescript/native/bin/tsc");
    return spawnSync(process.execPath, [compiler, "-p", join(folder, "tsconfig.json")], { encoding: "utf8" });
  };

  test("lets pure code through", () => {
    expect(compile("export const one: number = Math.max(1, 0);\n").status).toBe(0);
  });

  test.each([
    ["a timer", "export const late = setTimeout;\n"],
    ["the process", "export const who = process;\n"],
    ["a Node module", 'export { readFileSync } from "node:fs";\n'],
    ["the console", "console.log(1);\nexport {};\n"],
    ["the network", 'export const asked = fetch("http://localhost");\n'],
  ])("refuses %s at compile time", (_what, source) => {
    const { status, stdout } = compile(source);
    expect(stdout).toMatch(/error TS/);
    expect(status).not.toBe(0);
  });

  /** A copy of the rules beside a file that breaks them. */
  const lint = (source: string) => {
    const rules = JSON.parse(read("biome.json")) as { [key: string]: unknown };
    writeFileSync(
      join(folder, "biome.json"),
      JSON.stringify({ ...rules, root: true, vcs: { enabled: false } }),
    );
    cpSync(join(ROOT, "biome-plugins"), join(folder, "biome-plugins"), { recursive: true });
    mkdirSync(join(folder, "src/lib"), { recursive: true });
    writeFileSync(join(folder, "src/lib/violation.ts"), source);
    const biome = join(ROOT, "node_modules/@biomejs/biome/bin/biome");
    return spawnSync(process.execPath, [biome, "lint", "src"], { cwd: folder, encoding: "utf8" });
  };

  test.each([
    ["the wall clock", "export const now = (): number => Date.now();\n"],
    ["ambient randomness", "export const luck = (): number => Math.random();\n"],
    ["a promise", "export const later = (): Promise<void> => Promise.resolve();\n"],
    ["await", "export async function wait(it: Promise<void>): Promise<void> {\n  await it;\n}\n"],
  ])("refuses %s by its own rules", (_what, source) => {
    const { stdout, stderr, status } = lint(source);
    expect(`${stdout}${stderr}`).toMatch(/The pure half has no/);
    expect(status).not.toBe(0);
  });
});

describe("the repository", () => {
  test("has generated pages that are fresh", () => {
    const { stdout, status } = spawnSync(process.execPath, [join(ROOT, "scripts/docs.ts"), "--check"], {
      encoding: "utf8",
    });
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });

  test("pins every dependency exactly", () => {
    const manifest = JSON.parse(read("package.json")) as { [key: string]: { [name: string]: string } };
    const all = ["dependencies", "devDependencies", "optionalDependencies"].flatMap((kind) =>
      Object.entries(manifest[kind] ?? {}),
    );
    expect(all.length).toBeGreaterThan(10);
    for (const [name, version] of all) expect(`${name} ${version}`).toMatch(/ (npm:[^ ]+@)?\d+\.\d+\.\d+$/);
  });

  test("says why it needs each dependency", () => {
    const manifest = JSON.parse(read("package.json")) as { dependencies: object; devDependencies: object };
    const told = read("docs/dependencies.md");
    const names = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
    expect(names.filter((name) => !told.includes(name) && !name.startsWith("@types/"))).toEqual([]);
  });
});
