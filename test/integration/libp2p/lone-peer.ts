/**
 * One agent's transport in a process of its own, to be killed: counts what it hears and answers each message with
 * its number. Arguments: a config in JSON. Prints its addresses as one line of JSON once it listens.
 */
import type { TransportConfig } from "../../../src/adapters/libp2p/settings.ts";
import { Libp2pTransport } from "../../../src/adapters/libp2p/transport.ts";
import { jsonCodec, type Note } from "./peers.ts";

const config = JSON.parse(process.argv[2] ?? "") as TransportConfig;
const transport: Libp2pTransport<Note> = await Libp2pTransport.start<Note>(config, {
  codec: jsonCodec,
  sink: { message: (from, note) => transport.send(from, note), addressAnswered: () => {} },
  report: () => {},
});
console.log(JSON.stringify(transport.addresses));
