/** The kinds of words that deeds take: what each may be, said for people and checked when a script is read. */
import type { HypervisorCommand } from "../../hypervisor/command.ts";
import type { EmbeddedChannelMessage } from "../../hypervisor/embedded/channel.ts";
import { nearest } from "../../lib/nearest.ts";
import { readDuration } from "../../lib/quantity.ts";
import type { BalancingMode } from "../../lrt/config.ts";
import type { DiskSpace } from "../../model/disk-space.ts";
import { MESSAGE } from "../../wire/messages.ts";
import { REPLY_BODY } from "../../wire/partition-replies.ts";
import type { Shape } from "../../wire/schema.ts";

export interface Names {
  readonly hosts: ReadonlySet<string>;
  readonly vms: ReadonlySet<string>;
}

interface Word {
  readonly about: string;
  /** @returns what is wrong with it. */
  readonly bad: (word: string, names: Names) => string | null;
}

const MODES = { auto: true, recommend: true, manual: true } as const satisfies Record<BalancingMode, true>;
const SPACES = { ample: true, low: true, full: true } as const satisfies Record<DiskSpace, true>;
const RULES = ["apart", "anywhere"] as const;

/** What hypervisors say to one another while a guest moves. */
const CHANNEL = {
  prepare: true,
  ping: true,
  finish: true,
  cancel: true,
  prepared: true,
  share: true,
  pong: true,
  refused: true,
  finished: true,
} as const satisfies Record<EmbeddedChannelMessage["kind"], true>;

const COMMANDS = {
  list: true,
  inspect: true,
  start: true,
  stop: true,
  resume: true,
  destroy: true,
  migrate: true,
  "await-migration": true,
  "abort-migration": true,
  stamp: true,
} as const satisfies Record<HypervisorCommand["kind"], true>;

const variantsOf = (shape: Shape): readonly string[] =>
  shape.kind === "union" ? shape.variants.map(({ word }) => word) : [];

/** Of agents, by the wire protocol. */
const AGENT_MESSAGES = variantsOf(MESSAGE.shape);
const MESSAGES = [...AGENT_MESSAGES, ...Object.keys(CHANNEL).map((kind) => `hypervisor.${kind}`)];
const SENT = [...AGENT_MESSAGES, ...variantsOf(REPLY_BODY.shape).map((kind) => `partition.reply.${kind}`)];

const LABEL_RULE = /^[a-z][a-z0-9-]*=[a-zA-Z0-9-]+$/;
const VE_GUEST = /^[a-z][a-z0-9-]*\.[a-z0-9-]+$/;
const VE_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export const WORDS = {
  host: { about: "a host of `scenario.yaml`", bad: (word, { hosts }) => named("host", word, hosts) },
  vm: { about: "a VM of `scenario.yaml`", bad: (word, { vms }) => named("VM", word, vms) },
  load: { about: "milli-CPU, 0 to 256000", bad: (word) => whole(word, 0, 256_000) },
  rate: { about: "MiB/s, 0 to 100000", bad: (word) => whole(word, 0, 100_000) },
  count: { about: "1 to 1000", bad: (word) => whole(word, 1, 1000) },
  memory: { about: "MiB, 16 to 1048576", bad: (word) => whole(word, 16, 1_048_576) },
  guest: {
    about: "a VM of `scenario.yaml`, or one of a VE by its name: `shop.web-0`",
    bad: (word, { vms }) => (VE_GUEST.test(word) ? null : named("VM", word, vms)),
  },
  share: { about: "0 to 1", bad: share },
  duration: { about: "`500ms`, `30s`, `1m30s`", bad: duration },
  message: {
    about:
      "a message's type: one of the [wire protocol](wire-protocol.md) (`partition.release`), or " +
      `\`hypervisor.\` and ${Object.keys(CHANNEL).join(", ")}`,
    bad: (word) => oneOf("message", word, MESSAGES),
  },
  mode: { about: sayAll(Object.keys(MODES)), bad: (word) => oneOf("mode", word, Object.keys(MODES)) },
  space: { about: sayAll(Object.keys(SPACES)), bad: (word) => oneOf("state", word, Object.keys(SPACES)) },
  rule: {
    about: `${sayAll(RULES)}, or a label that its VMs require: \`disk=ssd\``,
    bad: (word) => (LABEL_RULE.test(word) ? null : oneOf("rule", word, RULES)),
  },
  ve: {
    about: "a VE's name: small letters, digits and hyphens",
    bad: (word) => (VE_NAME.test(word) ? null : `${word} is no name of a VE`),
  },
} as const satisfies { readonly [kind: string]: Word };

type Kind = keyof typeof WORDS;
/** `?`: may be absent. */
export type WordKind = Kind | `${Kind}?` | "ambush?";

export function badWord(kind: WordKind, word: string | undefined, names: Names): string | null {
  if (word === undefined) return null;
  const checked: Word = WORDS[kind.replace(/\?$/, "") as Kind];
  return checked.bad(word, names);
}

/** Before which effect an agent dies, and what is to be known of each. */
export const AMBUSHES: readonly (readonly [words: string, about: string])[] = [
  [
    "before send TYPE",
    "a message of that type; of replies also by what they say: `partition.reply.accepted`",
  ],
  ["before ask KIND", `a command to its hypervisor: ${Object.keys(COMMANDS).join(", ")}`],
  ["before hypervisor", "any command to its hypervisor"],
  ["before persist", "any write"],
  ["before outcome", "the write that says how an order has ended"],
  ["before any", "whatever it does next"],
];

const AMBUSH =
  /^before (?:send (?<sent>\S+)|ask (?<asked>\S+)|hypervisor|persist|outcome|any)( × [1-9]\d{0,2})?( for \d{1,6}m?s)?$/;

/** Each of them optionally followed by `× n` (the n-th one) and by `for TIME` (then the agent is back). */
export function badAmbush(words: readonly string[]): string | null {
  if (words.length === 0) return null;
  const match = AMBUSH.exec(words.join(" "));
  if (match === null) return `not understood: ${words.join(" ")}`;
  const { sent, asked } = match.groups ?? {};
  if (sent !== undefined) return oneOf("message that agents send", sent, SENT);
  return asked === undefined ? null : oneOf("command to a hypervisor", asked, Object.keys(COMMANDS));
}

function sayAll(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(", ");
}

function named(what: string, word: string, known: ReadonlySet<string>): string | null {
  return known.has(word) ? null : `there is no ${what} ${word}${meant(word, [...known])}`;
}

function oneOf(what: string, word: string, known: readonly string[]): string | null {
  if (known.includes(word)) return null;
  const all = known.length > 12 ? meant(word, known) : `: it is one of ${known.join(", ")}`;
  return `there is no ${what} ${word}${all}`;
}

export function meant(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === null ? "" : `; did you mean ${near}?`;
}

function whole(word: string, least: number, most: number): string | null {
  if (!/^\d+$/.test(word)) return `${word} is no whole number`;
  return Number(word) >= least && Number(word) <= most ? null : `${word} is not from ${least} to ${most}`;
}

function share(word: string): string | null {
  return /^\d*\.?\d+(e-\d+)?$/.test(word) && Number(word) <= 1 ? null : `${word} is not between 0 and 1`;
}

function duration(word: string): string | null {
  const read = readDuration(word);
  return read.ok ? null : read.failure.message;
}
