/** Amounts as tables show them. */
import type { Resources } from "../../api/views.ts";
import { sayCores, sayDuration, saySize } from "../../lib/quantity.ts";

/** `3.2/16 20%` */
export function cpuShare(wanted: Resources, capacity: Resources): string {
  return `${sayCores(wanted.cpu)}/${sayCores(capacity.cpu)} ${percent(wanted.cpu, capacity.cpu)}`;
}

/** `12GiB/64GiB 19%` */
export function memoryShare(wanted: Resources, capacity: Resources): string {
  return `${saySize(wanted.memory)}/${saySize(capacity.memory)} ${percent(wanted.memory, capacity.memory)}`;
}

/** For people only: in files and JSON there are ratios. */
export function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${Math.round((part / whole) * 100)}%`;
}

export function milliseconds(ms: number | null): string {
  if (ms === null) return "";
  if (ms === 0) return "0ms";
  return ms < 10 ? `${ms.toFixed(1)}ms` : `${Math.round(ms)}ms`;
}

export function ago(ms: number | null): string {
  return ms === null ? "" : `${sayDuration(ms)} ago`;
}

export function pairs(map: { readonly [key: string]: string }): string {
  return Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A libp2p peer id, and as much of it as tells a cluster's hosts apart (operations are named by it, too). */
const PEER_ID = /\b12D3KooW[1-9A-HJ-NP-Za-km-z]{44}\b/g;
const SHORT = 8;

/** The text with the ids of hosts in short. */
export function shortIds(text: string): string {
  return text.replaceAll(PEER_ID, (id) => id.slice(-SHORT).toLowerCase());
}
