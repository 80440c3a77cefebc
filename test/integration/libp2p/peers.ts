/** Peers for the transport's tests: real TCP on loopback, messages in JSON, everything that happens kept in lists. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TransportEvent } from "../../../src/adapters/libp2p/observations.ts";
import {
  DEFAULT_LIMITS,
  DEFAULT_LISTEN,
  type TransportConfig,
} from "../../../src/adapters/libp2p/settings.ts";
import { Libp2pTransport } from "../../../src/adapters/libp2p/transport.ts";
import { createClusterKey } from "../../../src/config/cluster-key.ts";
import { fail, ok, type Result } from "../../../src/lib/error.ts";
import type { NodeId } from "../../../src/model/node.ts";
import type { MessageCodec } from "../../../src/ports/codec.ts";
import type { Lane } from "../../../src/ports/effects.ts";

export interface Note {
  readonly lane: Lane;
  readonly n: number;
  readonly text?: string;
}

export const MAX_BYTES: { readonly [lane in Lane]: number } = {
  membership: 64 * 1024,
  partition: 128 * 1024,
  control: 4 * 1024 * 1024,
};

export const jsonCodec: MessageCodec<Note> = {
  encode: (note) => new TextEncoder().encode(JSON.stringify(note)),
  decode: (bytes): Result<Note> => {
    try {
      return ok(JSON.parse(new TextDecoder().decode(bytes)) as Note);
    } catch {
      return fail({ code: "invalid", message: "not JSON" });
    }
  },
  lane: (note) => note.lane,
  maxBytes: (lane) => MAX_BYTES[lane],
};

export interface Peer {
  readonly transport: Libp2pTransport<Note>;
  readonly received: { readonly from: NodeId; readonly note: Note }[];
  readonly answers: Map<string, Result<NodeId>>;
  readonly events: TransportEvent[];
}

export class Peers {
  readonly directory = mkdtempSync(join(tmpdir(), "discovery-transport-"));
  readonly clusterKeyFile = join(this.directory, "cluster.key");
  readonly #started: Peer[] = [];

  constructor() {
    createClusterKey(this.clusterKeyFile);
  }

  config(name: string, changes: Partial<TransportConfig> = {}): TransportConfig {
    return {
      identityFile: join(this.directory, `${name}.key`),
      clusterKeyFile: this.clusterKeyFile,
      listen: DEFAULT_LISTEN,
      protocol: { min: 1, max: 1 },
      version: "0.0.0-test",
      limits: { ...DEFAULT_LIMITS, inboundPerSecond: 1_000 },
      ...changes,
    };
  }

  async start(
    name: string,
    changes: Partial<TransportConfig> = {},
    codec: MessageCodec<Note> = jsonCodec,
  ): Promise<Peer> {
    const received: Peer["received"] = [];
    const answers: Peer["answers"] = new Map();
    const events: TransportEvent[] = [];
    const transport = await Libp2pTransport.start(this.config(name, changes), {
      codec,
      sink: {
        message: (from, note) => received.push({ from, note }),
        addressAnswered: (address, answer) => answers.set(address, answer),
      },
      report: (event) => events.push(event),
    });
    const peer = { transport, received, answers, events };
    this.#started.push(peer);
    return peer;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#started.map(({ transport }) => transport.close()));
    rmSync(this.directory, { recursive: true });
  }
}

export function introduce(...peers: readonly Peer[]): void {
  for (const a of peers)
    for (const b of peers) if (a !== b) a.transport.setAddresses(b.transport.id, b.transport.addresses);
}

export function notesOf(peer: Peer, from: Peer, lane: Lane): number[] {
  return peer.received
    .filter((got) => got.from === from.transport.id && got.note.lane === lane)
    .map(({ note }) => note.n);
}

/** Waits until the condition holds; fails with what was waited for when the deadline passes. */
export async function eventually(what: string, holds: () => boolean, deadline = 15_000): Promise<void> {
  const end = performance.now() + deadline;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
