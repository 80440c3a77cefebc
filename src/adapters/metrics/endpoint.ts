/** Prometheus' door: `GET /metrics` over TCP, and nothing else. */
import { createServer, type Server } from "node:http";
import { DiscoveryError } from "../../lib/error.ts";

/** A scraper or two; whoever holds more connections gets none. */
const MAX_CONNECTIONS = 16;
const RECEIVE_MS = 5_000;

export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export class MetricsEndpoint {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws DiscoveryError `conflict` when the port is in use, `failed` when it cannot be listened on. */
  static async listen(address: string, port: number, render: () => string): Promise<MetricsEndpoint> {
    const limits = { requestTimeout: RECEIVE_MS, headersTimeout: RECEIVE_MS };
    const server = createServer(limits, ({ method, url }, response) => {
      if (method === "GET" && url === "/metrics")
        response.writeHead(200, { "content-type": METRICS_TYPE }).end(render());
      else response.writeHead(404).end();
    });
    server.maxConnections = MAX_CONNECTIONS;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause) => reject(cannotListen(address, port, cause)));
      server.listen(port, address, () => resolve());
    });
    return new MetricsEndpoint(server);
  }

  /** Where it listens, with the port that was given to it. */
  get port(): number {
    const at = this.#server.address();
    return typeof at === "object" && at !== null ? at.port : 0;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

function cannotListen(address: string, port: number, cause: NodeJS.ErrnoException): DiscoveryError {
  const code = cause.code === "EADDRINUSE" ? "conflict" : "failed";
  const message = `metrics cannot be offered at ${address}:${port}`;
  return new DiscoveryError(
    { code, message, reason: cause.message, hint: "set metrics.address and metrics.port" },
    { cause },
  );
}
