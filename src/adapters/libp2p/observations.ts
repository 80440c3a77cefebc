/** What the transport lets others see of itself: counters for the metrics, events for the log. */
import type { NodeId } from "../../model/node.ts";
import { LANES } from "../../ports/codec.ts";
import type { Lane } from "../../ports/effects.ts";

/** Counts since the start; bytes are those of encoded messages, without framing. */
export interface LaneCounters {
  messagesIn: number;
  messagesOut: number;
  bytesIn: number;
  bytesOut: number;
  /** Outbound, dropped because the peer's queue was full. */
  droppedFull: number;
  /** Outbound, dropped because they had waited too long. */
  droppedExpired: number;
  /** Outbound, dropped because no way to the peer was known, or it was given up. */
  droppedUnreachable: number;
  /** Outbound, longer than the lane allows: a defect of the sender. */
  droppedOversize: number;
  /** Inbound, dropped by the rate limit. */
  droppedFlood: number;
  /** Inbound frames that were not messages. */
  undecodable: number;
}

export interface TransportCounters {
  readonly lanes: { readonly [lane in Lane]: LaneCounters };
  dials: number;
  dialsFailed: number;
  /** Inbound connections that did not get through the handshake: strangers, wrong cluster key. */
  handshakesFailed: number;
  streamsRefused: number;
  connectionsStalled: number;
  peersBanned: number;
}

export function emptyCounters(): TransportCounters {
  const lanes = Object.fromEntries(LANES.map((lane) => [lane, emptyLane()])) as TransportCounters["lanes"];
  return {
    lanes,
    dials: 0,
    dialsFailed: 0,
    handshakesFailed: 0,
    streamsRefused: 0,
    connectionsStalled: 0,
    peersBanned: 0,
  };
}

function emptyLane(): LaneCounters {
  return {
    messagesIn: 0,
    messagesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    droppedFull: 0,
    droppedExpired: 0,
    droppedUnreachable: 0,
    droppedOversize: 0,
    droppedFlood: 0,
    undecodable: 0,
  };
}

/** Something worth a line in the log. `reason` is one clause, for people. */
export interface TransportEvent {
  readonly event:
    | "peer-connected"
    | "peer-disconnected"
    | "peer-unreachable"
    | "peer-banned"
    | "connection-stalled"
    | "handshake-failed"
    | "stream-refused"
    | "stream-replaced"
    | "message-undecodable"
    | "message-oversize"
    | "address-unusable";
  readonly peer?: NodeId;
  readonly lane?: Lane;
  readonly address?: string;
  readonly reason?: string;
}

export type Report = (event: TransportEvent) => void;
