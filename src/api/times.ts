/**
 * Puts the wall clock on ages. Agents know only how long ago something was, since clocks differ between hosts;
 * the host that answers adds when that was by its own: `startedAgoMs: 5000` gets `startedAt: "…"` beside it.
 */
export function withTimes(value: unknown, nowMs: number): unknown {
  if (Array.isArray(value)) return value.map((entry) => withTimes(entry, nowMs));
  if (typeof value !== "object" || value === null) return value;
  const timed: { [key: string]: unknown } = {};
  for (const [key, inner] of Object.entries(value)) {
    timed[key] = withTimes(inner, nowMs);
    const name = timeName(key);
    if (name !== null) timed[name] = typeof inner === "number" ? new Date(nowMs - inner).toISOString() : null;
  }
  return timed;
}

function timeName(key: string): string | null {
  if (key === "agoMs") return "at";
  if (key === "ageMs") return "since";
  if (key === "lastHeardMs") return "lastHeardAt";
  return key.endsWith("AgoMs") ? `${key.slice(0, -"AgoMs".length)}At` : null;
}
