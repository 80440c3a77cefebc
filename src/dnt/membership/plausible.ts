/**
 * What is believed of a message's contents. The wire has bounded lengths and types; here is what a value must
 * mean to be let into the list. Nothing throws: a member that sends nonsense is not obeyed, and that is all.
 */
import type { Member } from "../../model/member.ts";
import type { Labels, NodeId } from "../../model/node.ts";
import type { Resources } from "../../model/resources.ts";

const LONGEST_ID = 128;
/** A DNS name. */
const LONGEST_NAME = 253;
const LONGEST_TEXT = 256;
const MOST_ADDRESSES = 16;
/** As many as a configuration may have. */
const MOST_LABELS = 64;
/** Half of what a double counts exactly: room to refute. */
const HIGHEST_INCARNATION = 2 ** 52;
/** A million cores; a million GiB in MiB. */
const MOST_OF_A_RESOURCE = 2 ** 40;

const STATES: ReadonlySet<string> = new Set(["alive", "suspect", "dead", "left"]);
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

export function isNodeId(id: unknown): id is NodeId {
  return isText(id, LONGEST_ID) && id.length > 0;
}

/** A counter that may be compared: an integer that a double counts exactly, not negative. */
export function isCounter(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** What is needed to place a claim in the order: cheap, as most claims that arrive are old news. */
export function isComparable(member: Member): boolean {
  return (
    isNodeId(member.id) &&
    isCounter(member.incarnation) &&
    member.incarnation <= HIGHEST_INCARNATION &&
    STATES.has(member.state)
  );
}

/** Whether everything a member says of itself can be true. */
export function isPlausible(member: Member): boolean {
  return (
    isComparable(member) &&
    isText(member.name, LONGEST_NAME) &&
    isText(member.version, LONGEST_TEXT) &&
    isText(member.joinedAt, LONGEST_TEXT) &&
    RFC_3339.test(member.joinedAt) &&
    typeof member.draining === "boolean" &&
    areAddresses(member.addresses) &&
    areLabels(member.labels) &&
    isCapacity(member.capacity) &&
    isRange(member.protocol)
  );
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === "string" && value.length <= longest;
}

export function areAddresses(addresses: unknown): addresses is readonly string[] {
  return (
    Array.isArray(addresses) &&
    addresses.length <= MOST_ADDRESSES &&
    addresses.every((address) => isText(address, LONGEST_TEXT) && address.length > 0)
  );
}

function areLabels(labels: Labels): boolean {
  const entries = Object.entries(labels);
  return (
    entries.length <= MOST_LABELS &&
    entries.every(([k, v]) => isText(k, LONGEST_TEXT) && isText(v, LONGEST_TEXT))
  );
}

function isCapacity({ cpu, memory }: Resources): boolean {
  return isCounter(cpu) && isCounter(memory) && cpu <= MOST_OF_A_RESOURCE && memory <= MOST_OF_A_RESOURCE;
}

function isRange({ min, max }: { readonly min: number; readonly max: number }): boolean {
  return isCounter(min) && isCounter(max) && min <= max;
}
