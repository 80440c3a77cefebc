/** Names of VEs by the host that keeps their records. */
import type { HostView } from "../../../src/api/views.ts";
import { homeOf } from "../../../src/dnt/registry/rendezvous.ts";

/** The next name whose home is that host, as long as these are the members and none is draining. */
export function nameWithHome(host: string, hosts: readonly HostView[], next: () => string): string {
  const home = hosts.find(({ name }) => name === host)?.id;
  if (home === undefined) throw new Error(`there is no host ${host}`);
  const members = hosts.map(({ id, state }) => ({ id, state, draining: false, joinedAt: "" }));
  for (;;) {
    const name = next();
    if (homeOf(name, members) === home) return name;
  }
}
