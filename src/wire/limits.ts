import { DEPARTURES_REMEMBERED, PARTITION_HOSTS } from "../model/bounds.ts";
import type { Lane } from "../ports/effects.ts";

const KIB = 1024;

/** The longest encoded message of each lane, in bytes. */
export const LANE_BYTES: Readonly<Record<Lane, number>> = {
  membership: 64 * KIB,
  partition: 1024 * KIB,
  control: 1024 * KIB,
};

/** Lengths of texts, in characters (UTF-16 code units, as JavaScript counts them). */
export const LENGTHS = {
  /** A peer id has 52; the simulator's words are shorter. */
  nodeId: 128,
  /** A UUID has 36. */
  vmId: 64,
  /** An RFC 1123 label. */
  label: 63,
  /** A host's DNS name has at most 253, a libvirt domain's name what a file name allows. */
  name: 256,
  /** Addresses, the keys and values of labels, versions. */
  text: 256,
  /** A point in time, RFC 3339. */
  time: 64,
  /** `<node>#<boot>.<counter>`. */
  partitionId: 192,
  /** `<node>/<kind>/<counter>`. */
  eventId: 192,
  /** `<partition>@<epoch>/<action>`. */
  actionKey: 256,
  /** `<node>-<k>-<n>`. */
  handler: 192,
  uri: 1024,
  /** Linux's PATH_MAX; kernel command lines. */
  path: 4096,
  /** Reasons and messages for people. A longer one is cut by its sender. */
  prose: 2048,
  /** A libvirt domain document, as the API takes it. */
  domainXml: 512 * KIB,
  /** A field's name. */
  key: 64,
  /** A key in an answer's data: the keys of labels, too. */
  dataKey: 256,
} as const;

/** How many items a list or a record has at most. */
export const COUNTS = {
  /** What membership reads of one message (`CLAIMS_READ`). */
  claims: 128,
  /** Observers of one suspicion; membership counts four. */
  observers: 8,
  /** Hashes of a digest (`BUCKETS`). */
  buckets: 64,
  /** Peers of a last life that are asked for at once (`MISSING`). */
  missing: 64,
  addresses: 16,
  labels: 64,
  partitionHosts: PARTITION_HOSTS,
  /** VMs of one host; 1 MiB has room for about 3,000 in a snapshot. */
  hostVms: 2048,
  /** VMs of one VE; the API takes 1,000. */
  veVms: 1024,
  orders: 4096,
  /** Of one host, in one partition; a host has 256 at a time. */
  events: 256,
  /** Hosts a VM left lately. */
  departures: DEPARTURES_REMEMBERED,
  /** Hosts a VM could not be moved to lately; eight are remembered. */
  failedMoves: 16,
  /** Members that know where a record is; 64 are remembered. */
  told: 64,
  disks: 64,
  nics: 64,
  /** VM templates and rules of a manifest; the API takes 100 of each. */
  templates: 128,
  /** Fields that the receiver does not know, per map: what later versions may add. */
  strangers: 32,
  /** Values in one answer, all levels together: bounds the memory that a small answer can claim. */
  dataValues: 65_536,
} as const;

/** How deep maps and lists nest in an answer's data, and in fields that are skipped. */
export const DEPTH = 32;

/** Half of what a double counts exactly: whoever counts on from a received number stays exact. */
export const HIGHEST_COUNTER = 2 ** 52;
/** An epoch grows by one when a leader dies; whoever claims more lies. */
export const HIGHEST_EPOCH = 2 ** 32;
/** 34 years in milliseconds; a million cores in milli-CPU; a million GiB in MiB. */
export const HIGHEST_AMOUNT = 2 ** 40;
