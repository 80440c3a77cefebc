/**
 * The domain events that can be subscribed to: libvirt's event id (virDomainEventID), the number of the message
 * that carries it, and its layout. Every message begins with the id of the callback it was registered under.
 */
import type { Buffer } from "node:buffer";
import { decodeAll, int, type Layout, struct, type Taken } from "./codec.ts";
import { domain, JOB_STATS_MAX } from "./procedures.ts";
import { typedParams } from "./typed-params.ts";

export const domainEvents = {
  /** `event` is a `LifecycleEvent`; `detail` its reason, of a set that depends on the event. */
  lifecycle: {
    eventID: 0,
    message: 318,
    layout: { callbackID: int, dom: domain, event: int, detail: int },
  },
  /** The guest reset itself; the domain went on. */
  reboot: { eventID: 1, message: 319, layout: { callbackID: int, dom: domain } },
  /** QEMU began another pass over the guest's memory. */
  migrationIteration: {
    eventID: 20,
    message: 359,
    layout: { callbackID: int, dom: domain, iteration: int },
  },
  /** A job ended; `params` are its final statistics. */
  jobCompleted: {
    eventID: 21,
    message: 363,
    layout: { callbackID: int, dom: domain, params: typedParams(JOB_STATS_MAX) },
  },
} as const;

export type DomainEventName = keyof typeof domainEvents;

/** One event as it arrived; `kind` tells the members apart. */
export type DomainEvent = {
  [K in DomainEventName]: { readonly kind: K } & Omit<
    Taken<(typeof domainEvents)[K]["layout"]>,
    "callbackID"
  >;
}[DomainEventName];

interface EventCodec {
  readonly kind: DomainEventName;
  /** @throws XdrError */
  decode(body: Buffer): DomainEvent;
}

function eventCodecOf(kind: DomainEventName): EventCodec {
  const codec = struct<Layout>(domainEvents[kind].layout);
  const decode = (body: Buffer): DomainEvent => {
    const { callbackID: _, ...members } = decodeAll(codec, body);
    return { kind, ...members } as DomainEvent;
  };
  return { kind, decode };
}

const kinds = Object.keys(domainEvents) as DomainEventName[];
const byMessage = new Map<number, EventCodec>(
  kinds.map((kind) => [domainEvents[kind].message, eventCodecOf(kind)]),
);

/** How to read a message, or undefined for a message that this client does not know. */
export const eventCodec = (message: number): EventCodec | undefined => byMessage.get(message);
