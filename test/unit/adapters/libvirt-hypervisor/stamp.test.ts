import { describe, expect, it } from "vitest";
import {
  readStamp,
  STAMP_NAMESPACE,
  stampElement,
  stampMetadata,
} from "../../../../src/adapters/libvirt/hypervisor/stamp.ts";
import { writeXml } from "../../../../src/adapters/libvirt/hypervisor/xml.ts";
import { vmStamp } from "../../../support/virtual-machines.ts";

const stamp = vmStamp(1);

describe("a stamp", () => {
  it("is read as it was written, in both places", () => {
    expect(readStamp(stampMetadata(stamp))).toEqual(stamp);
    expect(readStamp(writeXml(stampElement(stamp)))).toEqual(stamp);
  });

  it("is plain ASCII, whatever its names are made of", () => {
    const odd = { ...stamp, ve: `<é&"\u0001\u{1f600}>` };
    expect(stampMetadata(odd)).toMatch(/^[\x20-\x7e]*$/);
    expect(readStamp(stampMetadata(odd))).toEqual(odd);
  });

  it("carries its format's version in its namespace", () => {
    expect(STAMP_NAMESPACE).toBe("urn:discovery:vm:1");
    expect(writeXml(stampElement(stamp))).toContain(`xmlns:discovery="urn:discovery:vm:1"`);
  });

  it("that is too large is not written", () => {
    const apart = Array.from(
      { length: 10_000 },
      (_, i) => `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`,
    );
    expect(() => stampMetadata({ ...stamp, policy: { ...stamp.policy, apart } })).toThrow(RangeError);
  });

  it.each([
    ["no XML", "{}"],
    ["another element", "<note>{}</note>"],
    ["no JSON", "<stamp>hello</stamp>"],
    ["no object", "<stamp>null</stamp>"],
    ["half a stamp", `<stamp>{"ve":"a"}</stamp>`],
    ["a stamp with a wrong member", stampMetadata({ ...stamp, generation: -1 })],
    ["a stamp without a name", stampMetadata({ ...stamp, ve: "" })],
    ["a very long one", `<stamp>${" ".repeat(300_000)}</stamp>`],
  ])("is not read from %s", (_, text) => {
    expect(readStamp(text)).toBe(null);
  });

  it("is read without what a newer agent has added to it", () => {
    const newer = { ...stamp, colour: "red" };
    expect(readStamp(stampMetadata(newer))).toEqual(stamp);
  });
});
