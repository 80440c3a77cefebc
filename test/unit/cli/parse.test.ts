import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { GLOBAL } from "../../../src/cli/options.ts";
import { parse } from "../../../src/cli/parse.ts";
import type { OptionSpec } from "../../../src/cli/spec.ts";

function command(line: string) {
  const parsed = parse(line.split(" "));
  if (!parsed.ok || parsed.value.kind !== "command") throw new Error(JSON.stringify(parsed));
  return parsed.value;
}

function failure(line: string) {
  const parsed = parse(line.split(" "));
  return parsed.ok ? null : parsed.failure;
}

describe("words become commands", () => {
  test("with arguments and options in any order", () => {
    const { spec, input } = command("-o json vm --timeout=1m30s migrate shop.web --to h2 -d");
    expect(spec.words).toEqual(["vm", "migrate"]);
    expect(input.arg("VM")).toBe("shop.web");
    expect([input.text("to"), input.text("output"), input.duration("timeout")]).toEqual([
      "h2",
      "json",
      90_000,
    ]);
    expect([input.flag("detach"), input.flag("wait")]).toEqual([true, false]);
  });

  test("plurals and short words mean the same", () => {
    expect(command("hosts ls").spec.words).toEqual(["host", "list"]);
    expect(command("ve rm shop").spec.words).toEqual(["ve", "delete"]);
  });

  test("what follows -- is no option", () => {
    expect(command("vm show -- --odd").input.arg("VM")).toBe("--odd");
  });

  test("-f follows events and names a manifest elsewhere", () => {
    expect(command("events -f").input.flag("follow")).toBe(true);
    expect(command("ve apply -f -").input.text("file")).toBe("-");
    expect(command("ve plan -fx.yaml").input.text("file")).toBe("x.yaml");
  });

  test("--version alone asks for the version", () => {
    expect(parse(["--version"])).toMatchObject({ ok: true, value: { kind: "version" } });
    expect(failure("vm list --version")).toMatchObject({ message: "--version is no option of vm list" });
  });

  test("a value that begins with a dash is given behind =, a lone dash is a value", () => {
    expect(command("ve stop shop --reason=-x").input.text("reason")).toBe("-x");
    expect(command("ve apply --file -").input.text("file")).toBe("-");
  });

  test("many words fill the last argument", () => {
    expect(command("ve adopt legacy mail ldap").input.args("DOMAIN")).toEqual(["mail", "ldap"]);
  });
});

describe("wrong words", () => {
  test.each([
    ["hots list", "discoveryctl hots is not known", "did you mean: discoveryctl host"],
    ["host lst", "discoveryctl host lst is not known", "did you mean: discoveryctl host list"],
    ["host wombat", "discoveryctl host wombat is not known", "discoveryctl host --help"],
    ["host list --wach", "--wach is no option of host list", "did you mean --watch?"],
    ["status --to h2", "--to is no option of status", "discoveryctl status --help"],
    ["host show", "HOST is missing", "discoveryctl host show --help"],
    ["host show a b", '"b" is one word too many', "discoveryctl host show --help"],
    [
      "balance mode loud",
      'MODE must be auto, recommend, manual; it is "loud"',
      "discoveryctl balance mode --help",
    ],
    ["status -o xml", '--output must be table, wide, json, yaml, name; it is "xml"', undefined],
    ["status --output", "--output needs a value: --output FORMAT", undefined],
    ["status --strict=yes", "--strict takes no value", undefined],
    ["status --timeout 30", "--timeout: 30 has no unit: write 30s, 30m or 30h", undefined],
    ["ve plan --if-generation x", "--if-generation must be a number", undefined],
    ["--foo", "--foo is no option of discoveryctl", "discoveryctl --help"],
    ["--hlep", "--hlep is no option of discoveryctl", "did you mean --help?"],
    ["host --foo", "--foo is no option of host", "discoveryctl host --help"],
    ["vm list --host", "--host needs a value: --host HOST", undefined],
    ["vm list --host --ve", "--host needs a value: --host HOST", "if --ve is meant: --host=--ve"],
    ["host list -q", "-q is no option of host list", "discoveryctl host list --help"],
  ])("%s", (line, message, hint) => {
    expect(failure(line)).toMatchObject({ code: "invalid", message });
    expect(failure(line)?.hint).toBe(hint);
  });
});

describe("the table of commands", () => {
  test("gives an option one meaning everywhere: words are told from values before the command is known", () => {
    const kinds = new Map<string, string>();
    for (const { name, value } of COMMANDS.flatMap(({ options }) => [...options, ...GLOBAL])) {
      const kind = value?.kind ?? "flag";
      expect(kinds.get(name) ?? kind, name).toBe(kind);
      kinds.set(name, kind);
    }
  });

  test("gives a letter one meaning within a command", () => {
    for (const { words, options } of COMMANDS) {
      const letters = [...options, ...GLOBAL].flatMap(({ short }: OptionSpec) => short ?? []);
      expect(new Set(letters).size, words.join(" ")).toBe(letters.length);
    }
  });

  test("leads to a handler for each, and every sentence ends", async () => {
    for (const { words, summary, load } of COMMANDS) {
      expect(summary, words.join(" ")).toMatch(/[.]$/);
      expect(typeof (await load())).toBe("function");
    }
  });
});
