/** The transport's settings, each with the reason for its default. Times in milliseconds. */
import type { Lane } from "../../ports/effects.ts";
import type { PeerLimits } from "./admission.ts";

export interface TransportConfig {
  /** The file with this host's key; made when missing. */
  readonly identityFile: string;
  /** The file with the cluster's key; must be there. */
  readonly clusterKeyFile: string;
  /** Multiaddrs to listen on. */
  readonly listen: readonly string[];
  /** The versions of the messages that this agent speaks. */
  readonly protocol: { readonly min: number; readonly max: number };
  /** This agent's own version, for the peers' logs. */
  readonly version: string;
  readonly limits: TransportLimits;
}

export interface TransportLimits {
  /** A dial, an upgrade or a greeting that takes longer has failed. */
  readonly handshakeTimeout: number;
  /** A connection on which our messages stay unacknowledged for longer is dead. */
  readonly ackTimeout: number;
  /** A connection without any traffic for longer is closed. */
  readonly idleTimeout: number;
  /** First and longest pause between attempts to reach a peer. */
  readonly backoff: { readonly first: number; readonly longest: number };
  /** Pause after a peer refused a stream (it speaks other versions). */
  readonly refusedPause: number;
  /** What may wait for one peer on one lane. */
  readonly queue: { readonly messages: number; readonly bytes: number; readonly lifetime: number };
  /** Peers remembered at once. */
  readonly peers: number;
  readonly connections: number;
  readonly incomingPending: number;
  /** New connections per second from one remote address. */
  readonly inboundPerSecond: number;
  /** `dial`s under way at once. */
  readonly dials: number;
  readonly admission: PeerLimits;
}

export const DEFAULT_LIMITS: TransportLimits = {
  handshakeTimeout: 3_000,
  ackTimeout: 5_000,
  idleTimeout: 300_000,
  backoff: { first: 250, longest: 8_000 },
  refusedPause: 30_000,
  queue: { messages: 256, bytes: 1 << 20, lifetime: 5_000 },
  peers: 16_384,
  connections: 1_024,
  incomingPending: 64,
  inboundPerSecond: 20,
  dials: 32,
  admission: {
    rates: {
      membership: { perSecond: 500, burst: 2_000 },
      partition: { perSecond: 2_000, burst: 10_000 },
      control: { perSecond: 2_000, burst: 10_000 },
    },
    strikes: 3,
    strikeMemory: 60_000,
    ban: 60_000,
  },
};

/** Loopback until the operator says otherwise: an agent is never reachable from outside by accident. */
export const DEFAULT_LISTEN: readonly string[] = ["/ip4/127.0.0.1/tcp/0"];

export function protocolId(lane: Lane): string {
  return `/discovery/1/${lane}`;
}
