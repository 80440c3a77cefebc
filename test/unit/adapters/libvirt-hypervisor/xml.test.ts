import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  child,
  element,
  elementsOf,
  parseXml,
  textOf,
  writeXml,
  type XmlElement,
  XmlError,
} from "../../../../src/adapters/libvirt/hypervisor/xml.ts";

describe("reading XML", () => {
  it("gives elements, attributes and text, and passes over comments and instructions", () => {
    const root = parseXml(
      `<?xml version='1.0'?><!-- a --><domain id="1"\n type='qemu'><name>a &amp; b&#33;&#x21;</name><!-- <no/> --><empty /></domain>\n`,
    );
    expect([...root.attributes]).toEqual([
      ["id", "1"],
      ["type", "qemu"],
    ]);
    expect(textOf(child(root, "name")!)).toBe("a & b!!");
    expect(elementsOf(root).map(({ name }) => name)).toEqual(["name", "empty"]);
  });

  it("takes a literal section as text", () => {
    expect(textOf(parseXml("<a>x<![CDATA[<&>]]>y</a>"))).toBe("x<&>y");
  });

  it.each([
    ["nothing", ""],
    ["text", "hello"],
    ["an element that does not end", "<a>"],
    ["another end", "<a></b>"],
    ["an end with more letters", "<a></ab>"],
    ["two roots", "<a/><b/>"],
    ["text after the root", "<a/>b"],
    ["an attribute without a value", "<a b/>"],
    ["an attribute without quotes", "<a b=c/>"],
    ["an attribute twice", "<a b='1' b='2'/>"],
    ["attributes without a space", "<a b='1'c='2'/>"],
    ["an unknown entity", "<a>&nbsp;</a>"],
    ["an entity that does not end", "<a>&lt</a>"],
    ["a character that XML has not", "<a>\u0000</a>"],
    ["a reference to a character that XML has not", "<a>&#0;</a>"],
    ["a reference beyond the last character", "<a>&#x110000;</a>"],
    ["half a character", "<a>\ud800</a>"],
    ["a document type", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"],
    ["an entity of one's own", `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`],
    ["a deep nest", `${"<a>".repeat(40)}${"</a>".repeat(40)}`],
    ["too many elements", `<a>${"<b/>".repeat(20_000)}</a>`],
    ["too many characters", `<a>${" ".repeat(1024 * 1024)}</a>`],
  ])("refuses %s", (_, text) => {
    expect(() => parseXml(text)).toThrow(XmlError);
  });

  it("takes time in proportion to hostile input", () => {
    expect(() => parseXml(`<a ${"x ".repeat(200_000)}`)).toThrow(XmlError);
    expect(() => parseXml(`<!--${"<!--".repeat(200_000)}`)).toThrow(XmlError);
  });
});

describe("writing XML", () => {
  it("escapes text and values", () => {
    expect(writeXml(element("a", { b: `"'\n` }, "<&>"))).toBe(`<a b="&#34;&#39;&#10;">&#60;&#38;&#62;</a>`);
  });

  it("refuses characters that XML cannot hold", () => {
    expect(() => writeXml(element("a", {}, "\u0001"))).toThrow(XmlError);
  });

  it("is undone by reading", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,8}$/);
    const text = fc.string({ unit: "binary" }).filter((one) => one !== "" && isHoldable(one));
    const { tree } = fc.letrec<{ tree: XmlElement }>((tie) => ({
      tree: fc
        .tuple(
          name,
          fc.dictionary(name, text, { maxKeys: 3 }),
          fc.array(fc.oneof({ maxDepth: 3 }, text, tie("tree")), { maxLength: 3 }),
        )
        .map(([tag, attributes, children]) => element(tag, attributes, ...joined(children))),
    }));
    fc.assert(
      fc.property(tree, (one) => {
        expect(parseXml(writeXml(one))).toEqual(one);
      }),
    );
  });
});

const isHoldable = (text: string): boolean =>
  /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u.test(text);

/** Texts side by side are one text to a reader. */
function joined(children: readonly (XmlElement | string)[]): (XmlElement | string)[] {
  const result: (XmlElement | string)[] = [];
  for (const one of children) {
    const last = result.at(-1);
    if (typeof one === "string" && typeof last === "string") result[result.length - 1] = last + one;
    else result.push(one);
  }
  return result;
}
