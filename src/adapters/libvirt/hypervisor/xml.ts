/**
 * A small reader and writer of XML for domain descriptions and metadata: elements, attributes, text. It is strict and
 * bounded, and it knows no DTD: a document with one is refused, so no entity can be defined, expanded or fetched.
 * Comments and processing instructions are passed over. Source: W3C, "Extensible Markup Language (XML) 1.0".
 */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlNode[];
}
export type XmlNode = XmlElement | string;

export class XmlError extends Error {
  override readonly name = "XmlError";
}

/** Libvirt's own descriptions of large domains have some tens of KiB. */
const LENGTH_MAX = 1024 * 1024;
const DEPTH_MAX = 32;
const ELEMENTS_MAX = 20_000;

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"'],
  ["apos", "'"],
]);

const SPACE = /[ \t\r\n]*/y;
const NAME = /[\p{L}_:][\p{L}\p{N}_:.-]*/uy;
const VALUE = /"([^"<]*)"|'([^'<]*)'/y;
const TEXT = /[^<]+/y;
const PASSED_OVER = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>/y;
const CDATA = /<!\[CDATA\[([\s\S]*?)\]\]>/y;
/** What XML 1.0 lets a document hold. */
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

export function element(
  name: string,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly XmlNode[]
): XmlElement {
  return { name, attributes: new Map(Object.entries(attributes)), children };
}

/** @throws XmlError with the place where the document ends to be one. */
export function parseXml(text: string): XmlElement {
  if (text.length > LENGTH_MAX) throw new XmlError(`longer than ${LENGTH_MAX} characters`);
  return new Reader(text).document();
}

/** Text between the tags of the element itself. */
export const textOf = ({ children }: XmlElement): string =>
  children.filter((child) => typeof child === "string").join("");

export const elementsOf = ({ children }: XmlElement, name?: string): XmlElement[] =>
  children.filter(
    (child) => typeof child !== "string" && (name === undefined || child.name === name),
  ) as XmlElement[];

/** The first child of that name. */
export const child = (parent: XmlElement, name: string): XmlElement | undefined =>
  elementsOf(parent, name)[0];

export function writeXml(node: XmlNode): string {
  if (typeof node === "string") return escaped(node, /[&<>\r]/g);
  const attributes = [...node.attributes].map(
    ([name, value]) => ` ${name}="${escaped(value, /[&<>"'\t\r\n]/g)}"`,
  );
  if (node.children.length === 0) return `<${node.name}${attributes.join("")}/>`;
  return `<${node.name}${attributes.join("")}>${node.children.map(writeXml).join("")}</${node.name}>`;
}

/** @throws XmlError when the text has characters that no document can hold. */
function escaped(text: string, special: RegExp): string {
  if (FORBIDDEN.test(text)) throw new XmlError("characters that XML cannot hold");
  return text.replace(special, (character) => `&#${character.charCodeAt(0)};`);
}

class Reader {
  readonly #text: string;
  #at = 0;
  #elements = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): XmlElement {
    if (FORBIDDEN.test(this.#text)) throw new XmlError("characters that XML cannot hold");
    this.#prologue();
    const root = this.#element(0);
    this.#prologue();
    if (this.#at < this.#text.length) throw this.#error("the end of the document");
    return root;
  }

  #prologue(): void {
    do this.#take(SPACE);
    while (this.#take(PASSED_OVER) !== undefined);
  }

  #element(depth: number): XmlElement {
    if (depth >= DEPTH_MAX || ++this.#elements > ELEMENTS_MAX) throw new XmlError("too large");
    this.#expect("<");
    const name = this.#name();
    const attributes = this.#attributes();
    if (this.#skip("/>")) return { name, attributes, children: [] };
    this.#expect(">");
    const children = this.#children(depth);
    this.#expect(name);
    this.#take(SPACE);
    this.#expect(">");
    return { name, attributes, children };
  }

  /** Up to and including the `</` of the end. */
  #children(depth: number): XmlNode[] {
    const children: XmlNode[] = [];
    while (!this.#skip("</")) {
      const text = this.#take(TEXT);
      const literal = text === undefined ? this.#take(CDATA) : undefined;
      if (text !== undefined) children.push(this.#unescape(text[0]));
      else if (literal !== undefined) children.push(literal[1] ?? "");
      else if (this.#take(PASSED_OVER) === undefined) children.push(this.#element(depth + 1));
    }
    return children;
  }

  #attributes(): Map<string, string> {
    const attributes = new Map<string, string>();
    for (;;) {
      const space = this.#take(SPACE)?.[0] ?? "";
      if (this.#text.startsWith(">", this.#at) || this.#text.startsWith("/>", this.#at)) return attributes;
      if (space === "") throw this.#error("a space");
      const name = this.#name();
      this.#take(SPACE);
      this.#expect("=");
      this.#take(SPACE);
      const value = this.#take(VALUE);
      if (value === undefined) throw this.#error("a value in quotes");
      if (attributes.has(name)) throw new XmlError(`attribute ${name} twice`);
      attributes.set(name, this.#unescape(value[1] ?? value[2] ?? ""));
    }
  }

  #unescape(text: string): string {
    return text.replace(/&([^;&]{0,16});?/g, (whole, name: string) => {
      const known = whole.endsWith(";") ? (ENTITIES.get(name) ?? character(name)) : undefined;
      if (known === undefined) throw new XmlError(`no entity ${whole.slice(0, 20)}`);
      return known;
    });
  }

  #name(): string {
    const name = this.#take(NAME)?.[0];
    if (name === undefined) throw this.#error("a name");
    return name;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }

  #skip(literal: string): boolean {
    if (!this.#text.startsWith(literal, this.#at)) return false;
    this.#at += literal.length;
    return true;
  }

  #expect(literal: string): void {
    if (!this.#skip(literal)) throw this.#error(`"${literal}"`);
  }

  #error(wanted: string): XmlError {
    return new XmlError(`${wanted} is missing at character ${this.#at}`);
  }
}

/** `#10` or `#xA`. */
function character(reference: string): string | undefined {
  const digits = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(reference);
  if (digits === null) return undefined;
  const code = digits[1] === undefined ? Number(digits[2]) : Number.parseInt(digits[1], 16);
  if (code > 0x10ffff) return undefined;
  const text = String.fromCodePoint(code);
  return FORBIDDEN.test(text) ? undefined : text;
}
