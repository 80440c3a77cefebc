import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { generated } from "../../../scripts/generated.ts";
import { exampleYaml } from "../../../src/config/reference.ts";
import { configSchema } from "../../../src/config/schema.ts";
import { readShape } from "../../../src/config/shape.ts";

const root = join(import.meta.dirname, "../../..");

test.each(generated())("$path is what the sources say", ({ path, text }) => {
  expect(readFileSync(join(root, path), "utf8"), "run: npm run docs").toBe(text);
});

test("the example, uncommented, is the defaults", () => {
  const text = exampleYaml().replaceAll(/^#/gm, "");
  expect(configSchema.parse(parse(text))).toEqual(configSchema.parse({}));
});

test("every setting has a sentence, a default and a type", () => {
  for (const { path, description, standard, type } of readShape().settings) {
    expect(description, path.join(".")).toMatch(/\.$/);
    expect(standard, path.join(".")).toBeDefined();
    expect(type, path.join(".")).not.toBe("");
  }
});
