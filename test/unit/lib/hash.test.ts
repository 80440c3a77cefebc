import { expect, it } from "vitest";
import { hash32, hash32After, hash32Of } from "../../../src/lib/random.ts";

it("a hash that has read a prefix already is the hash of the whole text", () => {
  const after = hash32After("origin/");
  for (const text of ["", "a", "h00017", "é", "12D3KooW"]) expect(after(text)).toBe(hash32(`origin/${text}`));
});

it("a hash of parts is the hash of the parts put together", () => {
  expect(hash32Of("a/", "h00017", "/eh00003")).toBe(hash32("a/h00017/eh00003"));
  expect(hash32Of("", "", "")).toBe(hash32(""));
});
