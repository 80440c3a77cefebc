import { expect, it } from "vitest";
import { hash32, hash32After } from "../../../src/lib/random.ts";

it("a hash that has read a prefix already is the hash of the whole text", () => {
  const after = hash32After("origin/");
  for (const text of ["", "a", "h00017", "é", "12D3KooW"]) expect(after(text)).toBe(hash32(`origin/${text}`));
});
