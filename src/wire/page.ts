/** The reference page of the wire format, made from the schemas themselves. */
import { LANES } from "../ports/codec.ts";
import { COUNTS, DEPTH, LANE_BYTES } from "./limits.ts";
import { MESSAGE } from "./messages.ts";
import { protocolId, VERSIONS } from "./protocol.ts";
import { FORBIDDEN_KEYS } from "./record.ts";
import type { FieldShape, Shape, VariantShape } from "./schema.ts";

/** Markdown; the same for the same schemas. */
export function wireProtocolPage(): string {
  if (MESSAGE.shape.kind !== "union") throw new TypeError("messages are a union");
  const { variants } = MESSAGE.shape;
  const sections = LANES.map((lane) =>
    laneSection(
      lane,
      variants.filter(({ word }) => word.startsWith(`${lane}.`)),
    ),
  );
  return `${[PREAMBLE, lanes(), ENCODING, POLICY, ...sections, partsSection(variants)].join("\n\n")}\n`;
}

const PREAMBLE = `# Wire protocol

<!-- Generated from src/wire by scripts/docs.ts: do not edit. -->

What agents say to one another. Each message belongs to a *lane*, the part of its type before the dot. A lane has its
own stream per peer and direction; order is kept within a lane, not across lanes.`;

function lanes(): string {
  const rows = LANES.map((lane) => [lane, `\`${protocolId(lane)}\``, `${LANE_BYTES[lane] / 1024} KiB`]);
  return table(["Lane", "Protocol id", "Longest message"], rows);
}

const ENCODING = `## Encoding

A message is one CBOR map (RFC 8949) with texts as keys, its \`type\` first. Used are integers within ±(2^53 - 1), texts,
lists, maps, booleans, null and, in the data of answers only, 64-bit floats that are finite and no integers. Refused are tags,
byte strings, \`undefined\`, indefinite lengths, heads longer than needed, duplicate keys, text that is not UTF-8, and
bytes after the end. A receiver compares the length of a message with its lane's limit before it reads it, and each
length inside with its bound before it reads the items. A message that breaks a rule is dropped whole and counted.

Lengths of texts are in UTF-16 code units. An *id* is not empty and has visible ASCII characters only. *Words* are for
people; a sender cuts them at their limit. *Data* is what JSON could say: nested at most ${DEPTH} deep, ${COUNTS.dataValues} values in all,
without the keys ${[...FORBIDDEN_KEYS].map((key) => `\`${key}\``).join(" and ")}, which no record has. An answer that cannot be sent becomes a failure that says so.`;

const POLICY = `## Versions

Spoken are the versions from ${VERSIONS.min} to ${VERSIONS.max}. The opening frame of a stream says which versions each side speaks; two
sides without a common one do not talk. Each member's record says the same (\`protocol\`), so that a sender knows what
the whole network understands.

- Within version 1, later releases may add optional fields. A receiver checks the form of a field that it does not
  know and ignores it (at most ${COUNTS.strangers} per map). No field is critical: what must not be ignored is a new type.
- A new message type, a new variant or a new word in a choice raises \`max\`. It is sent to a peer only when that peer's
  \`max\` says that it understands it; a receiver refuses what it does not know.
- Required fields are never removed, bounds never tightened and meanings never changed while a version that has them
  is spoken. \`min\` is raised one release after no supported release needs the old version.`;

function laneSection(lane: string, variants: readonly VariantShape[]): string {
  return [`## Lane ${lane}`, ...variants.map((variant) => variantSection(variant, "###"))].join("\n\n");
}

function variantSection({ word, about, fields }: VariantShape, heading: string): string {
  const text = `${heading} \`${word}\`\n\n${about}`;
  return fields.length === 0 ? text : `${text}\n\n${fieldTable(fields)}`;
}

function fieldTable(fields: readonly FieldShape[]): string {
  const rows = fields.map(({ name, optional, shape }) => [
    `\`${name}\``,
    `${describe(shape)}${optional ? ", may be absent" : ""}`,
    meaning(shape),
  ]);
  return table(["Field", "Form", "Meaning"], rows);
}

function meaning(shape: Shape): string {
  if (shape.note !== undefined) return shape.note;
  return shape.kind === "list" || shape.kind === "nullable" ? (shape.of.note ?? "") : "";
}

/** Every map and union inside the messages, once, in the order of names. */
function partsSection(variants: readonly VariantShape[]): string {
  const parts = new Map<string, Shape>();
  for (const { fields } of variants) for (const { shape } of fields) collect(shape, parts);
  const names = [...parts.keys()].sort();
  return ["## Parts", ...names.map((name) => partSection(name, parts.get(name) as Shape))].join("\n\n");
}

function collect(shape: Shape, parts: Map<string, Shape>): void {
  if ("of" in shape) return collect(shape.of, parts);
  if (shape.kind !== "object" && shape.kind !== "union") return;
  parts.set(shape.name ?? shape.kind, shape);
  const fields = shape.kind === "object" ? shape.fields : shape.variants.flatMap((variant) => variant.fields);
  for (const field of fields) collect(field.shape, parts);
}

function partSection(name: string, shape: Shape): string {
  if (shape.kind === "object") return `### ${name}\n\n${fieldTable(shape.fields)}`;
  if (shape.kind !== "union") return `### ${name}`;
  const variants = shape.variants.map((variant) => variantSection(variant, "####"));
  return [`### ${name}`, `One of these, told apart by \`${shape.tag}\`.`, ...variants].join("\n\n");
}

function describe(shape: Shape): string {
  switch (shape.kind) {
    case "text":
      return `${shape.name ?? (shape.form === "id" ? "id" : "text")} of at most ${shape.most} characters`;
    case "integer":
      return `${shape.name ?? "integer"}, ${shape.least} to ${power(shape.most)}`;
    case "boolean":
      return "true or false";
    case "choice":
      return shape.words.map((word) => `\`${word}\``).join(" or ");
    case "nullable":
      return `${describe(shape.of)}, or null`;
    case "list":
      return `${shape.least === shape.most ? shape.most : `at most ${shape.most}`} × ${describe(shape.of)}`;
    case "record":
      return `at most ${shape.most} keys of at most ${shape.longestKey} characters, each with ${describe(shape.of)}`;
    case "object":
    case "union":
      return `[${shape.name}](#${(shape.name ?? "").toLowerCase()})`;
    case "data":
      return "data";
  }
}

function power(bound: number): string {
  const exponent = Math.log2(bound);
  if (Number.isInteger(exponent) && exponent > 16) return `2^${exponent}`;
  return Number.isInteger(Math.log2(bound + 1)) && bound > 0xffff
    ? `2^${Math.log2(bound + 1)} - 1`
    : `${bound}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
