import type { HostSpec } from "../world/host.ts";
import type { LinkSettings } from "../world/network.ts";

/** Within a site: a switch. Between sites: a wide area. Nothing is lost. */
const LAN: LinkSettings = { latencyMs: 0.2, jitterMs: 0.3, loss: 0, duplication: 0 };
const WAN_JITTER = 0.1;

export function linksOf(
  hosts: readonly HostSpec[],
  { sites, wanLatencyMs }: { readonly sites: number; readonly wanLatencyMs: number },
): (from: string, to: string) => LinkSettings {
  if (sites <= 1) return () => LAN;
  const siteOf = new Map(hosts.map(({ id, labels }) => [id, labels["site"]]));
  const wan = { ...LAN, latencyMs: wanLatencyMs, jitterMs: wanLatencyMs * WAN_JITTER };
  return (from, to) => (siteOf.get(from) === siteOf.get(to) ? LAN : wan);
}
