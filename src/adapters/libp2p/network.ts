/**
 * The libp2p node: TCP, the cluster's wall, Noise, yamux, and nothing else. Its own liveness checks are
 * off (the membership probes, and every stream is acknowledged): 200 idle connections cost 6 % of a core with
 * them and next to nothing without. Its buffers and limits, some of them without bound by default, are set here.
 */
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import type { ComponentLogger, ConnectionGater, Libp2p, Logger, PrivateKey } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { createLibp2p } from "libp2p";
import { clusterPrologue, clusterWall } from "./cluster-wall.ts";
import type { TransportLimits } from "./settings.ts";

/** Received but not yet read, per stream: a stream is read at once, so this is what comes before it is adopted. */
const READ_BUFFER_BYTES = 256 * 1024;
/** Written but not yet taken, per stream: more than one piece never waits there. */
const WRITE_BUFFER_BYTES = 1024 * 1024;
/** Lanes × directions, and as many again while streams are being replaced. */
const STREAMS_PER_CONNECTION = 32;
/** Per protocol and connection: one in use, others about to be closed. */
const STREAMS_PER_LANE = 4;
const NEGOTIATION_STREAMS = 8;

export interface NetworkConfig {
  readonly privateKey: PrivateKey;
  readonly clusterKey: Uint8Array;
  readonly listen: readonly string[];
  readonly limits: TransportLimits;
  readonly gater: ConnectionGater;
  /** An inbound connection that did not get through the handshake. */
  readonly handshakeFailed: (reason: string) => void;
}

export const streamLimits = { maxInboundStreams: STREAMS_PER_LANE, maxOutboundStreams: STREAMS_PER_LANE };

/** Made, not yet started. */
export function createNetwork(config: NetworkConfig): Promise<Libp2p> {
  const { limits } = config;
  return createLibp2p({
    start: false,
    privateKey: config.privateKey,
    addresses: { listen: [...config.listen] },
    transports: [
      tcp({
        inboundSocketInactivityTimeout: limits.idleTimeout,
        outboundSocketInactivityTimeout: limits.idleTimeout,
      }),
    ],
    connectionProtector: clusterWall(config.clusterKey),
    connectionEncrypters: [noise({ prologueBytes: clusterPrologue(config.clusterKey) })],
    streamMuxers: [yamux(muxerSettings(limits))],
    connectionGater: config.gater,
    connectionMonitor: { enabled: false },
    connectionManager: connectionSettings(limits),
    logger: quietLogger(config.handshakeFailed),
  });
}

function muxerSettings(limits: TransportLimits) {
  return {
    enableKeepAlive: false,
    maxInboundStreams: STREAMS_PER_CONNECTION,
    maxOutboundStreams: STREAMS_PER_CONNECTION,
    maxEarlyStreams: NEGOTIATION_STREAMS,
    streamOptions: {
      inactivityTimeout: limits.idleTimeout,
      maxReadBufferLength: READ_BUFFER_BYTES,
      maxWriteBufferLength: WRITE_BUFFER_BYTES,
    },
  };
}

function connectionSettings(limits: TransportLimits) {
  return {
    maxConnections: limits.connections,
    maxIncomingPendingConnections: limits.incomingPending,
    inboundConnectionThreshold: limits.inboundPerSecond,
    dialTimeout: limits.handshakeTimeout,
    addressDialTimeout: limits.handshakeTimeout,
    inboundUpgradeTimeout: limits.handshakeTimeout,
    inboundStreamProtocolNegotiationTimeout: limits.handshakeTimeout,
    outboundStreamProtocolNegotiationTimeout: limits.handshakeTimeout,
  };
}

/** libp2p's log lines are for its developers; one of them is the only sign of a stranger at the door. */
function quietLogger(handshakeFailed: (reason: string) => void): ComponentLogger {
  const silent = logger(() => {});
  const listener = logger((...parts) => {
    const cause = parts.find((part) => part instanceof Error);
    if (cause !== undefined) handshakeFailed(`${cause.name}: ${cause.message}`.slice(0, 200));
  });
  return { forComponent: (name) => (name === "libp2p:tcp:listener" ? listener : silent) };
}

function logger(onError: (...parts: unknown[]) => void): Logger {
  const log = Object.assign(() => {}, { enabled: false, error: onError, trace: () => {} });
  const self: Logger = Object.assign(log, { newScope: (): Logger => self });
  return self;
}
