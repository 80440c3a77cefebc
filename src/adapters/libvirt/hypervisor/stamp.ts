/**
 * Our stamp in a domain's metadata: one element in a namespace of our own whose text is the stamp as JSON in plain
 * ASCII. The namespace carries the format's version; a newer format gets a new name, and an older agent then sees a
 * foreign domain and leaves it alone.
 */
import { z } from "zod";
import type { Stamp } from "../../../model/virtual-machine.ts";
import { element, parseXml, textOf, writeXml, type XmlElement } from "./xml.ts";

export const STAMP_NAMESPACE = "urn:discovery:vm:1";
/** The prefix that libvirt writes the namespace with. */
export const STAMP_PREFIX = "discovery";
/** A stamp that names a few thousand VMs fits; nothing honest is larger. */
const JSON_MAX = 256 * 1024;
const NAME_MAX = 1024;
const LIST_MAX = 5000;

const count = z.int().min(0);
const name = z.string().min(1).max(NAME_MAX);
const names = z.array(name).max(LIST_MAX);
const stampSchema = z.object({
  ve: name,
  vm: name,
  handler: name,
  generation: count,
  adopted: z.boolean(),
  policy: z.object({
    apart: names,
    together: names,
    require: z.record(name, z.string().max(NAME_MAX)),
    balancing: z.enum(["auto", "recommend", "off"]),
    drain: z.enum(["live", "stay"]),
    migration: z.object({ bandwidthMibPerSecond: count, timeoutMs: count }),
    priority: z.int(),
  }),
}) satisfies z.ZodType<Stamp>;

/** For virDomainSetMetadata, which adds namespace and prefix itself. @throws RangeError when it is too large. */
export const stampMetadata = (stamp: Stamp): string => writeXml(element("stamp", {}, encode(stamp)));

/** For the `<metadata>` of a domain description. @throws RangeError when it is too large. */
export const stampElement = (stamp: Stamp): XmlElement =>
  element(`${STAMP_PREFIX}:stamp`, { [`xmlns:${STAMP_PREFIX}`]: STAMP_NAMESPACE }, encode(stamp));

/** What virDomainGetMetadata gave for our namespace; null: that is no stamp of ours. */
export function readStamp(metadata: string): Stamp | null {
  try {
    const root = parseXml(metadata);
    const text = textOf(root);
    if (!/^(?:[^:]*:)?stamp$/.test(root.name) || text.length > JSON_MAX) return null;
    return stampSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

function encode(stamp: Stamp): string {
  const json = JSON.stringify(stamp).replace(/[^\x20-\x7e]/g, escaped);
  if (json.length > JSON_MAX) throw new RangeError(`a stamp of ${json.length} bytes`);
  return json;
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
